import { distanceTransform, type Size } from '../volume/index.ts';
import { quantile } from './intervals.ts';

/** Two masks on one grid: 1 inside. */
export interface MaskPair {
  readonly truth: Uint8Array;
  readonly found: Uint8Array;
  readonly size: Size;
  readonly spacingMm: readonly [number, number, number];
}

export interface OverlapFigures {
  /** 2 |G and P| / (|G| + |P|); NaN where both are empty, 0 where one is. The paper of system 003 prints the union, which would reach 2. */
  readonly dice: number;
  readonly iou: number;
  /** 1 - ||G| - |P|| / (|G| + |P|); NaN where both are empty. */
  readonly volumeSimilarity: number;
  /** Larger of the two directed distances between the boundaries, greatest and 95th percentile; NaN where a mask is empty. */
  readonly hausdorffMm: number;
  readonly hausdorff95Mm: number;
}

export function overlapFigures(pair: MaskPair): OverlapFigures {
  const { truth, found } = pair;
  let [g, p, both] = [0, 0, 0];
  for (let index = 0; index < truth.length; index += 1) {
    g += truth[index]!;
    p += found[index]!;
    both += truth[index]! & found[index]!;
  }
  const dice = (2 * both) / (g + p);
  const distances = g > 0 && p > 0 ? surfaceDistancesMm(cropped(pair)) : null;
  return {
    dice,
    iou: dice / (2 - dice),
    volumeSimilarity: 1 - Math.abs(g - p) / (g + p),
    hausdorffMm: worse(distances, 1),
    hausdorff95Mm: worse(distances, 0.95),
  };
}

/** The box around both masks and one voxel more: no distance between them needs the rest. */
function cropped({ truth, found, size, spacingMm }: MaskPair): MaskPair {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let index = 0; index < truth.length; index += 1) {
    if (truth[index] === 0 && found[index] === 0) continue;
    const at = [
      index % size[0],
      Math.floor(index / size[0]) % size[1],
      Math.floor(index / (size[0] * size[1])),
    ];
    for (let axis = 0; axis < 3; axis += 1) {
      low[axis] = Math.min(low[axis]!, Math.max(0, at[axis]! - 1));
      high[axis] = Math.max(high[axis]!, Math.min(size[axis]! - 1, at[axis]! + 1));
    }
  }
  const box = high.map((end, axis) => end - low[axis]! + 1) as unknown as Size;
  const cut = (mask: Uint8Array): Uint8Array => {
    const out = new Uint8Array(box[0] * box[1] * box[2]);
    for (let z = 0; z < box[2]; z += 1)
      for (let y = 0; y < box[1]; y += 1) {
        const from = low[0]! + size[0] * (low[1]! + y + size[1] * (low[2]! + z));
        out.set(mask.subarray(from, from + box[0]), box[0] * (y + box[1] * z));
      }
    return out;
  };
  return { truth: cut(truth), found: cut(found), size: box, spacingMm };
}

interface Directed {
  readonly there: readonly number[];
  readonly back: readonly number[];
}

function worse(distances: Directed | null, share: number): number {
  if (distances === null) return NaN;
  return Math.max(quantile(distances.there, share), quantile(distances.back, share));
}

/** From each boundary voxel of one mask to the nearest of the other; boundary = mask without its 6-connected erosion. */
function surfaceDistancesMm({ truth, found, size, spacingMm }: MaskPair): Directed {
  const edges = [boundary(truth, size), boundary(found, size)] as const;
  const fields = edges.map((edge) => distanceTransform(edge, size, spacingMm));
  const along = (edge: Uint8Array, field: Float32Array): readonly number[] =>
    Array.from(field.filter((_, index) => edge[index] === 1));
  return { there: along(edges[0], fields[1]!), back: along(edges[1], fields[0]!) };
}

function boundary(mask: Uint8Array, [nx, ny, nz]: Size): Uint8Array {
  const edge = new Uint8Array(mask.length);
  let index = 0;
  for (let z = 0; z < nz; z += 1)
    for (let y = 0; y < ny; y += 1)
      for (let x = 0; x < nx; x += 1, index += 1) {
        if (mask[index] === 0) continue;
        const onBorder = x === 0 || y === 0 || z === 0 || x === nx - 1 || y === ny - 1 || z === nz - 1;
        const inner =
          !onBorder &&
          mask[index - 1]! + mask[index + 1]! + mask[index - nx]! + mask[index + nx]! === 4 &&
          mask[index - nx * ny]! + mask[index + nx * ny]! === 2;
        edge[index] = inner ? 0 : 1;
      }
  return edge;
}

/** Intersection over union of a map's voxels at `share` of its greatest value and above, and the truth; NaN of an empty map. */
export function activationIou(map: Float32Array, truth: Uint8Array, share = 0.5): number {
  let greatest = 0;
  for (const value of map) if (value > greatest) greatest = value;
  if (greatest === 0) return NaN;
  let [both, either] = [0, 0];
  for (let index = 0; index < map.length; index += 1) {
    const marked = map[index]! >= share * greatest;
    if (marked && truth[index] === 1) both += 1;
    if (marked || truth[index] === 1) either += 1;
  }
  return both / either;
}
