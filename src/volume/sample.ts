import type { Vector } from './frame-geometry.ts';
import { indexToLps, lpsToIndex } from './orientation.ts';
import type { Volume } from './types.ts';

/** The values of `map` at the voxel centres of z slice `slice` of `grid`, row by row; trilinear, 0 outside the map. */
export function sampleSlice(map: Volume, grid: Omit<Volume, 'data'>, slice: number): Float32Array {
  const [columns, rows] = grid.size;
  const at = (i: number, j: number): Vector => lpsToIndex(map, indexToLps(grid, [i, j, slice]));
  const origin = at(0, 0);
  const step = difference(origin, at(1, 0));
  const downColumn = difference(origin, at(0, 1));
  const out = new Float32Array(columns * rows);
  for (let j = 0; j < rows; j += 1) {
    const start: Vector = [
      origin[0] + j * downColumn[0],
      origin[1] + j * downColumn[1],
      origin[2] + j * downColumn[2],
    ];
    sampleRow(out.subarray(j * columns, (j + 1) * columns), map, start, step);
  }
  return out;
}

/** The value at a voxel index with fractions; trilinear, 0 outside the map. */
export function sampleAt(map: Volume, index: Vector): number {
  const one = new Float32Array(1);
  sampleRow(one, map, index, [0, 0, 0]);
  return one[0]!;
}

/** Along a line of indices from `start`, `step` apart: plain numbers, since every voxel of a series passes here. */
function sampleRow(out: Float32Array, { size, data }: Volume, start: Vector, step: Vector): void {
  const [nx, ny, nz] = size;
  // a map of one voxel along an axis has no next one: the weight of that is 0
  const right = nx > 1 ? 1 : 0;
  const down = ny > 1 ? nx : 0;
  const deep = nz > 1 ? nx * ny : 0;
  for (let index = 0; index < out.length; index += 1) {
    const x = start[0] + index * step[0];
    const y = start[1] + index * step[1];
    const z = start[2] + index * step[2];
    if (!(x >= 0 && y >= 0 && z >= 0 && x <= nx - 1 && y <= ny - 1 && z <= nz - 1)) continue;
    const i = Math.max(0, Math.min(Math.floor(x), nx - 2));
    const j = Math.max(0, Math.min(Math.floor(y), ny - 2));
    const k = Math.max(0, Math.min(Math.floor(z), nz - 2));
    const a = x - i;
    const b = y - j;
    const c = z - k;
    const near = i + nx * (j + ny * k);
    const far = near + deep;
    const upper = blend(data[near]!, data[near + right]!, a);
    const lower = blend(data[near + down]!, data[near + down + right]!, a);
    const upperFar = blend(data[far]!, data[far + right]!, a);
    const lowerFar = blend(data[far + down]!, data[far + down + right]!, a);
    out[index] = blend(blend(upper, lower, b), blend(upperFar, lowerFar, b), c);
  }
}

function blend(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function difference(from: Vector, to: Vector): Vector {
  return [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
}
