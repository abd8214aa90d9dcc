import type { Size } from './types.ts';

/**
 * 3-D Sobel magnitude: derivative along one axis, smoothing (1 2 1) along the others; each axis scaled so that a unit step gives 1,
 * the three combined as their root mean square; the border is repeated. Plane by plane, so that no more than two planes are held.
 */
export function sobelMagnitude(data: Float32Array, size: Size): Float32Array {
  const [nx, ny, nz] = size;
  const plane = nx * ny;
  const out = new Float32Array(data.length);
  const planes = { smooth: new Float32Array(plane), slope: new Float32Array(plane) };
  const rows = { x: new Float32Array(nx + 2), y: new Float32Array(nx + 2), z: new Float32Array(nx + 2) };
  for (let z = 0; z < nz; z += 1) {
    const at = (other: number): Float32Array => data.subarray(other * plane, (other + 1) * plane);
    const [below, here, above] = [at(Math.max(0, z - 1)), at(z), at(Math.min(nz - 1, z + 1))];
    if (!combinePlanes(planes, below, here, above)) continue;
    for (let y = 0; y < ny; y += 1) {
      combineRows(rows, planes, {
        before: nx * Math.max(0, y - 1),
        here: nx * y,
        after: nx * Math.min(ny - 1, y + 1),
      });
      magnitudes(out, z * plane + y * nx, rows, nx);
    }
  }
  return out;
}

interface Planes {
  /** Smoothed along z, and differentiated. */
  readonly smooth: Float32Array;
  readonly slope: Float32Array;
}

/** False where all three planes are 0: most of a vessel image is. */
function combinePlanes(to: Planes, below: Float32Array, here: Float32Array, above: Float32Array): boolean {
  let any = 0;
  for (let index = 0; index < here.length; index += 1) {
    const smooth = below[index]! + 2 * here[index]! + above[index]!;
    const slope = above[index]! - below[index]!;
    to.smooth[index] = smooth;
    to.slope[index] = slope;
    any += Math.abs(smooth) + Math.abs(slope);
  }
  return any > 0;
}

/** One row with its border repeated on both sides: what is left to do along x for each of the three derivatives. */
interface Rows {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;
}

function combineRows(
  to: Rows,
  { smooth, slope }: Planes,
  { before, here, after }: { readonly before: number; readonly here: number; readonly after: number },
): void {
  const nx = to.x.length - 2;
  for (let x = 0; x < nx; x += 1) {
    to.x[x + 1] = smooth[before + x]! + 2 * smooth[here + x]! + smooth[after + x]!;
    to.y[x + 1] = smooth[after + x]! - smooth[before + x]!;
    to.z[x + 1] = slope[before + x]! + 2 * slope[here + x]! + slope[after + x]!;
  }
  for (const row of [to.x, to.y, to.z]) {
    row[0] = row[1]!;
    row[nx + 1] = row[nx]!;
  }
}

/** 16 is the sum of the positive weights of a Sobel mask in three dimensions. */
const scale = 1 / (16 * Math.sqrt(3));

function magnitudes(out: Float32Array, start: number, { x: rowX, y: rowY, z: rowZ }: Rows, nx: number): void {
  for (let x = 0; x < nx; x += 1) {
    const gx = rowX[x + 2]! - rowX[x]!;
    const gy = rowY[x]! + 2 * rowY[x + 1]! + rowY[x + 2]!;
    const gz = rowZ[x]! + 2 * rowZ[x + 1]! + rowZ[x + 2]!;
    out[start + x] = scale * Math.sqrt(gx * gx + gy * gy + gz * gz);
  }
}
