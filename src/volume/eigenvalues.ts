/** A symmetric 3 x 3 matrix: xx, yy, zz, xy, xz, yz. */
export type Symmetric = Float64Array;

/** Eigenvalues of a symmetric 3 x 3 matrix, ascending, into `out`: the trigonometric solution of its characteristic polynomial. */
export function eigenvalues(matrix: Symmetric, out: Float64Array): void {
  const [xx, yy, zz] = [matrix[0]!, matrix[1]!, matrix[2]!];
  const [xy, xz, yz] = [matrix[3]!, matrix[4]!, matrix[5]!];
  const mean = (xx + yy + zz) / 3;
  const [a, b, c] = [xx - mean, yy - mean, zz - mean];
  const spread = Math.sqrt((a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6);
  if (spread === 0) {
    out.fill(mean);
    return;
  }
  const determinant =
    (a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)) / (spread * spread * spread);
  const angle = Math.acos(Math.max(-1, Math.min(1, determinant / 2))) / 3;
  out[2] = mean + 2 * spread * Math.cos(angle);
  out[0] = mean + 2 * spread * Math.cos(angle + (2 * Math.PI) / 3);
  out[1] = 3 * mean - out[2] - out[0];
}
