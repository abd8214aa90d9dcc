import type { Size } from '../../volume/index.ts';

/** Eigenvalues of the matrix of second derivatives at a voxel, the most negative first; differences over `step` voxels, the border repeated. */
export function curvatures(
  data: Float32Array,
  [nx, ny, nz]: Size,
  [x, y, z]: readonly [number, number, number],
  step: number,
): readonly [number, number, number] {
  const clamp = (value: number, n: number): number => Math.max(0, Math.min(n - 1, value));
  const at = (dx: number, dy: number, dz: number): number =>
    data[clamp(x + dx * step, nx) + nx * (clamp(y + dy * step, ny) + ny * clamp(z + dz * step, nz))]!;
  const middle = 2 * at(0, 0, 0);
  const xx = at(1, 0, 0) + at(-1, 0, 0) - middle;
  const yy = at(0, 1, 0) + at(0, -1, 0) - middle;
  const zz = at(0, 0, 1) + at(0, 0, -1) - middle;
  const xy = (at(1, 1, 0) + at(-1, -1, 0) - at(1, -1, 0) - at(-1, 1, 0)) / 4;
  const xz = (at(1, 0, 1) + at(-1, 0, -1) - at(1, 0, -1) - at(-1, 0, 1)) / 4;
  const yz = (at(0, 1, 1) + at(0, -1, -1) - at(0, 1, -1) - at(0, -1, 1)) / 4;
  return eigenvalues({ xx, yy, zz, xy, xz, yz });
}

interface Symmetric {
  readonly xx: number;
  readonly yy: number;
  readonly zz: number;
  readonly xy: number;
  readonly xz: number;
  readonly yz: number;
}

/** Of a symmetric 3 x 3 matrix, ascending: the trigonometric solution of its characteristic polynomial. */
function eigenvalues({ xx, yy, zz, xy, xz, yz }: Symmetric): readonly [number, number, number] {
  const mean = (xx + yy + zz) / 3;
  const off = xy * xy + xz * xz + yz * yz;
  const spread = Math.sqrt(((xx - mean) ** 2 + (yy - mean) ** 2 + (zz - mean) ** 2 + 2 * off) / 6);
  if (spread === 0) return [mean, mean, mean];
  const [a, b, c] = [(xx - mean) / spread, (yy - mean) / spread, (zz - mean) / spread];
  const [d, e, f] = [xy / spread, xz / spread, yz / spread];
  const determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e);
  const angle = Math.acos(Math.max(-1, Math.min(1, determinant / 2))) / 3;
  const greatest = mean + 2 * spread * Math.cos(angle);
  const least = mean + 2 * spread * Math.cos(angle + (2 * Math.PI) / 3);
  return [least, 3 * mean - greatest - least, greatest];
}
