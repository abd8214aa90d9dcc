import type { Vector } from './frame-geometry.ts';
import { indexToLps, lpsToIndex } from './orientation.ts';
import type { Volume } from './types.ts';

/** The values of `map` at the voxel centres of z slice `slice` of `grid`, row by row; trilinear, 0 outside the map. */
export function sampleSlice(map: Volume, grid: Omit<Volume, 'data'>, slice: number): Float32Array {
  const [columns, rows] = grid.size;
  const at = (i: number, j: number): Vector => lpsToIndex(map, indexToLps(grid, [i, j, slice]));
  const origin = at(0, 0);
  const alongRow = difference(origin, at(1, 0));
  const downColumn = difference(origin, at(0, 1));
  const out = new Float32Array(columns * rows);
  for (let j = 0; j < rows; j += 1) {
    for (let i = 0; i < columns; i += 1) {
      out[j * columns + i] = sampleAt(map, [
        origin[0] + i * alongRow[0] + j * downColumn[0],
        origin[1] + i * alongRow[1] + j * downColumn[1],
        origin[2] + i * alongRow[2] + j * downColumn[2],
      ]);
    }
  }
  return out;
}

/** The value at a voxel index with fractions; trilinear, 0 outside the map. */
export function sampleAt({ size: [nx, ny, nz], data }: Volume, [x, y, z]: Vector): number {
  if (x < 0 || y < 0 || z < 0 || x > nx - 1 || y > ny - 1 || z > nz - 1) return 0;
  const i = Math.max(0, Math.min(Math.floor(x), nx - 2));
  const j = Math.max(0, Math.min(Math.floor(y), ny - 2));
  const k = Math.max(0, Math.min(Math.floor(z), nz - 2));
  const [a, b, c] = [x - i, y - j, z - k];
  const near = i + nx * (j + ny * k);
  // a map of one voxel along an axis has no next one: the weight of that is 0
  const right = nx > 1 ? 1 : 0;
  const down = ny > 1 ? nx : 0;
  const far = near + (nz > 1 ? nx * ny : 0);
  const plane = (at: number): number =>
    (data[at]! * (1 - a) + data[at + right]! * a) * (1 - b) +
    (data[at + down]! * (1 - a) + data[at + down + right]! * a) * b;
  return plane(near) * (1 - c) + plane(far) * c;
}

function difference(from: Vector, to: Vector): Vector {
  return [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
}
