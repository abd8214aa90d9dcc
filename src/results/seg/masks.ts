import type { AneurysmFinding } from '../../findings/index.ts';
import type { FindingMask } from '../../pipelines/index.ts';
import {
  indexToLps,
  labelComponents,
  lpsToIndex,
  sampleAt,
  type Vector,
  type Volume,
} from '../../volume/index.ts';
import { hasFrameOfReference } from '../references.ts';
import type { ResultInput } from '../types.ts';

/** One finding's voxels on the source grid, the slices that have any. */
export interface FindingSegment {
  /** Place of the finding among the findings, from 0. */
  readonly finding: number;
  /** Segment Number, from 1 without gaps (PS3.3 C.8.20.4). */
  readonly number: number;
  readonly slices: readonly SegmentSlice[];
}

export interface SegmentSlice {
  readonly slice: number;
  /** 1 inside, row by row. */
  readonly inside: Uint8Array;
}

/**
 * The segmented findings: by the pipeline's own masks, else, of a pipeline that localises by
 * voxel, the connected part of its localisation map around each aneurysm,
 * cut where its candidates are cut. None where the source has no place in the patient or nothing lies inside.
 */
export function findingSegments(input: ResultInput): readonly FindingSegment[] {
  const { volume, output } = input;
  if (volume === null || output === null || !hasFrameOfReference(input)) return [];
  const membership = output.masks?.map(fromMask) ?? fromMap(input);
  return membership
    .map(({ finding, box, contains }) => ({ finding, slices: slicesInside(volume, box, contains) }))
    .filter(({ slices }) => slices.length > 0)
    .map((segment, index) => ({ ...segment, number: index + 1 }));
}

/** Which points of the patient belong to a finding, and a box of the patient that holds them all. */
interface Membership {
  readonly finding: number;
  readonly box: Box;
  readonly contains: (point: Vector) => boolean;
}

/** Index ranges on a grid, ends included. */
interface Box {
  readonly grid: Omit<Volume, 'data'>;
  readonly low: Vector;
  readonly high: Vector;
}

function fromMask({ finding, grid, inside }: FindingMask): Membership {
  return {
    finding,
    box: boxOf(grid, (index) => inside[index] === 1),
    contains: (point) => inside[nearestVoxel(grid, point)] === 1,
  };
}

function fromMap({ output, card, findings }: ResultInput): readonly Membership[] {
  const map = output?.maps?.probability;
  if (map === undefined || card.pipeline !== 'tof-patch') return [];
  const threshold = card.candidates.localisationThreshold;
  const above = Uint8Array.from(map.data, (value) => (value > threshold ? 1 : 0));
  const { labels } = labelComponents(above, map.size, 26);
  return findings.findings.flatMap((finding, index) => {
    if (finding.kind !== 'aneurysm') return [];
    const label = labelAround(labels, map, finding);
    if (label === 0) return [];
    return [
      {
        finding: index,
        box: boxOf(map, (voxel) => labels[voxel] === label),
        contains: (point: Vector) =>
          sampleAt(map, lpsToIndex(map, point)) > threshold && touches(labels, map, point, label),
      },
    ];
  });
}

/** The component at the centre of an aneurysm, or nearest to it within its radius: a curved one need not hold its own centre. */
function labelAround(
  labels: Int32Array,
  map: Volume,
  { centreLpsMm, maxDiameterMm }: AneurysmFinding,
): number {
  const centre = lpsToIndex(map, centreLpsMm);
  const reach = Math.max(2, Math.ceil(maxDiameterMm / 2 / Math.min(...map.spacingMm)));
  let best = { distance: Infinity, label: 0 };
  for (let dz = -reach; dz <= reach; dz += 1) {
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        const voxel = voxelAt(map, [centre[0] + dx, centre[1] + dy, centre[2] + dz]);
        const label = voxel < 0 ? 0 : labels[voxel]!;
        const distance = Math.hypot(dx, dy, dz);
        if (label > 0 && distance < best.distance) best = { distance, label };
      }
    }
  }
  return best.label;
}

/** Whether one of the eight voxels around a point has the label: the map between two components belongs to neither. */
function touches(labels: Int32Array, grid: Volume, point: Vector, label: number): boolean {
  const [x, y, z] = lpsToIndex(grid, point).map(Math.floor) as unknown as Vector;
  for (let corner = 0; corner < 8; corner += 1) {
    const voxel = voxelAt(grid, [x + (corner & 1), y + ((corner >> 1) & 1), z + (corner >> 2)]);
    if (voxel >= 0 && labels[voxel] === label) return true;
  }
  return false;
}

function boxOf(grid: Omit<Volume, 'data'>, member: (voxel: number) => boolean): Box {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  const [nx, ny, nz] = grid.size;
  for (let voxel = 0; voxel < nx * ny * nz; voxel += 1) {
    if (!member(voxel)) continue;
    const at = [voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))];
    for (let axis = 0; axis < 3; axis += 1) {
      // one voxel more: what lies between the last voxel inside and the next may still belong
      low[axis] = Math.min(low[axis]!, at[axis]! - 1);
      high[axis] = Math.max(high[axis]!, at[axis]! + 1);
    }
  }
  return { grid, low: low as unknown as Vector, high: high as unknown as Vector };
}

function slicesInside(
  volume: Volume,
  box: Box,
  contains: (point: Vector) => boolean,
): readonly SegmentSlice[] {
  if (box.low[0] > box.high[0]) return [];
  const [columns, rows] = volume.size;
  const [low, high] = onGrid(volume, box);
  const slices: SegmentSlice[] = [];
  for (let k = low[2]; k <= high[2]; k += 1) {
    const inside = new Uint8Array(columns * rows);
    for (let j = low[1]; j <= high[1]; j += 1) {
      for (let i = low[0]; i <= high[0]; i += 1)
        if (contains(indexToLps(volume, [i, j, k]))) inside[j * columns + i] = 1;
    }
    if (inside.includes(1)) slices.push({ slice: k, inside });
  }
  return slices;
}

/** The least box of whole voxels of the volume around the eight corners of a box on another grid. */
function onGrid(volume: Volume, { grid, low, high }: Box): readonly [Vector, Vector] {
  const corners = Array.from({ length: 8 }, (_, corner) =>
    lpsToIndex(
      volume,
      indexToLps(grid, [
        corner & 1 ? high[0] : low[0],
        corner & 2 ? high[1] : low[1],
        corner & 4 ? high[2] : low[2],
      ]),
    ),
  );
  const along = (axis: number): readonly number[] => corners.map((corner) => corner[axis]!);
  const first = (axis: 0 | 1 | 2): number => Math.max(0, Math.floor(Math.min(...along(axis))));
  const last = (axis: 0 | 1 | 2): number =>
    Math.min(volume.size[axis] - 1, Math.ceil(Math.max(...along(axis))));
  return [
    [first(0), first(1), first(2)],
    [last(0), last(1), last(2)],
  ];
}

function nearestVoxel(grid: Omit<Volume, 'data'>, point: Vector): number {
  return voxelAt(grid, lpsToIndex(grid, point));
}

/** Place of the voxel nearest to an index in the grid's data; -1 outside the grid. */
function voxelAt({ size: [nx, ny, nz] }: Omit<Volume, 'data'>, index: Vector): number {
  const [i, j, k] = index.map((value) => Math.floor(value + 0.5)) as unknown as Vector;
  return i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz ? -1 : i + nx * (j + ny * k);
}
