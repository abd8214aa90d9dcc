import { indexToLps, lpsToIndex } from './orientation.ts';
import type { Volume } from './types.ts';

type Grid = Omit<Volume, 'data'>;

/** A mask on another grid of the patient: at each of its voxel centres the value of the nearest voxel, 0 outside. */
export function maskOnGrid(mask: Uint8Array, from: Grid, to: Grid): Uint8Array {
  const [nx, ny, nz] = to.size;
  const [mx, my, mz] = from.size;
  const at = (i: number, j: number, k: number): readonly number[] =>
    lpsToIndex(from, indexToLps(to, [i, j, k]));
  const origin = at(0, 0, 0);
  const step = [at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)].map((end) =>
    end.map((value, axis) => value - origin[axis]!),
  );
  const [alongX, alongY, alongZ] = step as [number[], number[], number[]];
  const out = new Uint8Array(nx * ny * nz);
  let index = 0;
  for (let k = 0; k < nz; k += 1) {
    for (let j = 0; j < ny; j += 1) {
      const [x, y, z] = origin.map((value, axis) => value + j * alongY[axis]! + k * alongZ[axis]!) as [
        number,
        number,
        number,
      ];
      for (let i = 0; i < nx; i += 1, index += 1) {
        const a = Math.floor(x + i * alongX[0]! + 0.5);
        const b = Math.floor(y + i * alongX[1]! + 0.5);
        const c = Math.floor(z + i * alongX[2]! + 0.5);
        if (a < 0 || b < 0 || c < 0 || a >= mx || b >= my || c >= mz) continue;
        out[index] = mask[a + mx * (b + my * c)]!;
      }
    }
  }
  return out;
}
