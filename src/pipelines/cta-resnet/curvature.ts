import { eigenvalues, type Size } from '../../volume/index.ts';

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
  const out = new Float64Array(3);
  eigenvalues(Float64Array.of(xx, yy, zz, xy, xz, yz), out);
  return [out[0]!, out[1]!, out[2]!];
}
