import type { Size } from '../../volume/index.ts';

interface Field {
  readonly data: Float32Array;
  readonly size: Size;
}

/** A box of a field from a corner that may lie outside; what lies outside is 0. */
export function boxFrom(
  { data, size: [nx, ny, nz] }: Field,
  [x0, y0, z0]: readonly [number, number, number],
  [bx, by, bz]: Size,
): Float32Array {
  const out = new Float32Array(bx * by * bz);
  const from = Math.max(0, x0);
  const to = Math.min(nx, x0 + bx);
  if (to <= from) return out;
  for (let z = Math.max(0, z0); z < Math.min(nz, z0 + bz); z += 1) {
    for (let y = Math.max(0, y0); y < Math.min(ny, y0 + by); y += 1) {
      const row = nx * (y + ny * z);
      out.set(data.subarray(row + from, row + to), from - x0 + bx * (y - y0 + by * (z - z0)));
    }
  }
  return out;
}

/** The voxels at given places along each axis; an index outside gives 0. */
export function samplesFrom(
  { data, size: [nx, ny, nz] }: Field,
  xs: readonly number[],
  ys: readonly number[],
  zs: readonly number[],
): Float32Array {
  const out = new Float32Array(xs.length * ys.length * zs.length);
  let target = 0;
  for (const z of zs) {
    for (const y of ys) {
      for (const x of xs) {
        const inside = x >= 0 && y >= 0 && z >= 0 && x < nx && y < ny && z < nz;
        out[target] = inside ? data[x + nx * (y + ny * z)]! : 0;
        target += 1;
      }
    }
  }
  return out;
}
