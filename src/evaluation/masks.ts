import { indexToLps, maskOnGrid, type Volume } from '../volume/index.ts';
import type { Activation } from './cases.ts';
import { activationIou, overlapFigures, type OverlapFigures } from './segmentation.ts';

type Grid = Omit<Volume, 'data'>;

/** A true mask: aneurysms, and treated ones apart, which are taken out of both sides. */
export interface TrueMask {
  readonly grid: Grid;
  readonly inside: Uint8Array;
  readonly treated: Uint8Array;
}

/** 0 is outside, `treatedValue` a treated aneurysm, every other value an aneurysm. */
export function trueMask({ data, ...grid }: Volume, treatedValue: number | undefined): TrueMask {
  const inside = new Uint8Array(data.length);
  const treated = new Uint8Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    if (data[index]! <= 0.5) continue;
    if (treatedValue !== undefined && data[index] === treatedValue) treated[index] = 1;
    else inside[index] = 1;
  }
  return { grid, inside, treated };
}

/** What was found, on any grid of the patient, against the true mask on the mask's own grid; nothing found is an empty mask. */
export function overlapWith(
  truth: TrueMask,
  found: { readonly grid: Grid; readonly inside: Uint8Array } | null,
): OverlapFigures {
  const { size, spacingMm } = truth.grid;
  const onTruth =
    found === null ? new Uint8Array(truth.inside.length) : maskOnGrid(found.inside, found.grid, truth.grid);
  for (let index = 0; index < onTruth.length; index += 1) if (truth.treated[index] === 1) onTruth[index] = 0;
  return overlapFigures({ truth: truth.inside, found: onTruth, size, spacingMm });
}

/** Where the map that explains a result is greatest, and how its upper half overlaps the true mask. */
export function activationOf(map: Volume, truth: TrueMask | null): Activation {
  let peakAt = 0;
  for (let index = 1; index < map.data.length; index += 1)
    if (map.data[index]! > map.data[peakAt]!) peakAt = index;
  const [nx, ny] = map.size;
  const index = [peakAt % nx, Math.floor(peakAt / nx) % ny, Math.floor(peakAt / (nx * ny))] as const;
  return {
    iou: truth === null ? null : activationIou(map.data, maskOnGrid(truth.inside, truth.grid, map)),
    peak: map.data[peakAt]!,
    peakLpsMm: indexToLps(map, index),
  };
}
