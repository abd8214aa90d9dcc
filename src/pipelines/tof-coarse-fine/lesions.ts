import type { ManifestOf } from '../../inference/index.ts';
import { indexToLps, labelComponents, type Size, type Volume } from '../../volume/index.ts';
import { extentMm, toPoint } from '../extent.ts';
import type { Candidate } from '../types.ts';

/** An outlined aneurysm. */
export interface Lesion extends Candidate {
  /** Places of its voxels in the outlined volume. */
  readonly voxels: readonly number[];
}

/** Components of the outline with calibrated probability, middle, largest distance within and volume; by falling probability. */
export function lesionsOf(
  outlined: Volume,
  coarse: Float32Array,
  { fine, calibration }: ManifestOf<'tof-coarse-fine'>,
): readonly Lesion[] {
  const { size, data } = outlined;
  const voxelMm = outlined.spacingMm[0];
  return componentsOf(data, size, fine)
    .map(({ voxels, centre }) => {
      const volumeMm3 = voxels.length * voxelMm ** 3;
      const mean = voxels.reduce((sum, voxel) => sum + data[voxel]!, 0) / voxels.length;
      const greatest = voxels.reduce((top, voxel) => Math.max(top, coarse[voxel]!), 0);
      const value =
        calibration.intercept +
        calibration.coarseLogit * logit(greatest) +
        calibration.fineLogit * logit(mean) +
        calibration.logVolume * Math.log(volumeMm3);
      return {
        probability: 1 / (1 + Math.exp(-value)),
        centreLpsMm: indexToLps(outlined, centre),
        maxDiameterMm: extentMm(
          voxels.map((voxel) => toPoint(voxel, size)),
          voxelMm,
        ),
        volumeMm3,
        voxels,
      };
    })
    .sort((a, b) => b.probability - a.probability);
}

/** Log-odds, kept finite. */
function logit(probability: number): number {
  const kept = Math.max(1e-4, Math.min(1 - 1e-4, probability));
  return Math.log(kept / (1 - kept));
}

export interface Component {
  readonly voxels: readonly number[];
  /** Mean index. */
  readonly centre: readonly [number, number, number];
}

/** 26-connected components at or above a threshold, those of the greatest probability first. */
export function componentsOf(
  probability: Float32Array,
  size: Size,
  { threshold, minVoxels }: { threshold: number; minVoxels: number },
): readonly Component[] {
  const above = new Uint8Array(probability.length);
  for (let index = 0; index < above.length; index += 1)
    above[index] = probability[index]! >= threshold ? 1 : 0;
  const { labels, count } = labelComponents(above, size, 26);
  const voxels: number[][] = Array.from({ length: count + 1 }, () => []);
  for (let index = 0; index < labels.length; index += 1)
    if (labels[index]! > 0) voxels[labels[index]!]!.push(index);
  const greatest = (of: readonly number[]): number =>
    of.reduce((top, voxel) => Math.max(top, probability[voxel]!), 0);
  return voxels
    .slice(1)
    .filter((component) => component.length >= minVoxels)
    .sort((a, b) => greatest(b) - greatest(a))
    .map((component) => ({ voxels: component, centre: middleOf(component, size) }));
}

function middleOf(voxels: readonly number[], size: Size): readonly [number, number, number] {
  const points = voxels.map((voxel) => toPoint(voxel, size));
  const mean = (axis: 0 | 1 | 2): number =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1), mean(2)];
}
