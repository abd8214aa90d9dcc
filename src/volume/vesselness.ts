import { eigenvalues, type Symmetric } from './eigenvalues.ts';
import { gaussianSmooth } from './smooth.ts';
import type { Size } from './types.ts';

/** Frangi et al., MICCAI 1998; Jerman et al., IEEE TMI 2016. */
export type VesselMeasure = 'frangi' | 'jerman';

export interface VesselnessOptions {
  readonly measure: VesselMeasure;
  /** Gaussian widths, voxels: about the radii of the vessels that are looked for. */
  readonly sigmasVoxels: readonly number[];
  /** 1 where it is asked for; 0 is given elsewhere. */
  readonly within: Uint8Array;
}

/** How like a bright tube the surroundings of each voxel are, 0..1: the greatest over the widths. */
export function vesselness(
  data: Float32Array,
  size: Size,
  { measure, sigmasVoxels, within }: VesselnessOptions,
): Float32Array {
  const out = new Float32Array(data.length);
  for (const sigma of sigmasVoxels)
    raiseAtScale(out, { data: gaussianSmooth(data, size, sigma), size, within }, measures[measure]);
  return out;
}

interface Field {
  readonly data: Float32Array;
  readonly size: Size;
  readonly within: Uint8Array;
}

/** `bound` is never less than `response`, and costs nothing. */
interface Measure {
  /** What the measure is relative to: the greatest of these in the volume. The norm is never less. */
  readonly magnitude: (norm: number, values: Float64Array) => number;
  readonly bound: (norm: number, scale: number) => number;
  /** Of ascending eigenvalues, of which the first two are negative and the greatest in magnitude. */
  readonly response: (values: Float64Array, norm: number, scale: number) => number;
}

/** Two passes: both measures are relative to the strongest curvature at the scale, so no factor of sigma is needed. */
function raiseAtScale(out: Float32Array, field: Field, measure: Measure): void {
  const values = new Float64Array(3);
  const matrix = new Float64Array(6);
  let scale = 0;
  for (const { hessians, start } of rowsOf(field)) {
    for (let x = 0; x < hessians.norm.length; x += 1) {
      const norm = hessians.norm[x]!;
      if (norm <= scale || field.within[start + x] === 0) continue;
      eigenvalues(matrixAt(hessians, x, matrix), values);
      scale = Math.max(scale, measure.magnitude(norm, values));
    }
  }
  if (scale === 0) return;
  for (const { hessians, start } of rowsOf(field)) {
    for (let x = 0; x < hessians.norm.length; x += 1) {
      const index = start + x;
      const norm = hessians.norm[x]!;
      if (measure.bound(norm, scale) <= out[index]! || !isBright(hessians, x) || field.within[index] === 0)
        continue;
      eigenvalues(matrixAt(hessians, x, matrix), values);
      if (values[1]! < 0) out[index] = Math.max(out[index]!, measure.response(values, norm, scale));
    }
  }
}

const measures: Readonly<Record<VesselMeasure, Measure>> = {
  frangi: {
    magnitude: (norm) => norm,
    bound: (norm, greatest) => (2 * norm * norm) / (greatest * greatest),
    response: frangi,
  },
  jerman: {
    magnitude: (_norm, values) => Math.max(0, -values[0]!),
    bound: (norm) => (norm > 0 ? 1 : 0),
    response: jerman,
  },
};

/** Equation 13 with alpha = beta = 0.5 and c half of the greatest norm, as the authors advise. */
function frangi(values: Float64Array, norm: number, greatestNorm: number): number {
  const [across, middle, along] = [values[0]!, values[1]!, values[2]!];
  const flat = middle / across;
  const blob = (along * along) / (middle * across);
  const strength = norm / (greatestNorm / 2);
  return (1 - Math.exp(-2 * flat * flat)) * Math.exp(-2 * blob) * (1 - Math.exp(-0.5 * strength * strength));
}

/** Share of the greatest curvature below which one counts as this: weak vessels answer as strong ones do. */
const tau = 0.75;

/** Equation 13 on the eigenvalues with their signs turned. */
function jerman(values: Float64Array, _norm: number, greatest: number): number {
  const middle = -values[1]!;
  const across = Math.max(-values[0]!, tau * greatest);
  if (middle >= across / 2) return 1;
  return middle * middle * (across - middle) * (3 / (middle + across)) ** 3;
}

/** Second differences along one row of voxels. */
interface Hessians {
  readonly xx: Float64Array;
  readonly yy: Float64Array;
  readonly zz: Float64Array;
  readonly xy: Float64Array;
  readonly xz: Float64Array;
  readonly yz: Float64Array;
  /** Frobenius. */
  readonly norm: Float64Array;
}

/**
 * The two eigenvalues of the greatest magnitude are negative: no sum of two eigenvalues is above 0, that is, the matrix minus its trace
 * on the diagonal is nowhere negative, which its principal minors tell without solving for anything.
 */
function isBright({ xx, yy, zz, xy, xz, yz }: Hessians, x: number): boolean {
  const a = -yy[x]! - zz[x]!;
  const b = -xx[x]! - zz[x]!;
  const c = -xx[x]! - yy[x]!;
  if (a < 0 || b < 0 || c < 0) return false;
  const [d, e, f] = [xy[x]!, xz[x]!, yz[x]!];
  if (a * b < d * d || a * c < e * e || b * c < f * f) return false;
  return a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e) >= 0;
}

function matrixAt(hessians: Hessians, x: number, matrix: Symmetric): Symmetric {
  matrix[0] = hessians.xx[x]!;
  matrix[1] = hessians.yy[x]!;
  matrix[2] = hessians.zz[x]!;
  matrix[3] = hessians.xy[x]!;
  matrix[4] = hessians.xz[x]!;
  matrix[5] = hessians.yz[x]!;
  return matrix;
}

/** The rows that hold a voxel asked for. The same arrays are filled anew for each. */
function* rowsOf({
  data,
  size: [nx, ny, nz],
  within,
}: Field): Generator<{ readonly hessians: Hessians; readonly start: number }> {
  const row = (): Float64Array => new Float64Array(nx);
  const hessians = { xx: row(), yy: row(), zz: row(), xy: row(), xz: row(), yz: row(), norm: row() };
  const plane = nx * ny;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      const start = nx * (y + ny * z);
      if (!within.subarray(start, start + nx).includes(1)) continue;
      fillRow(hessians, data, start, {
        before: y > 0 ? -nx : 0,
        behind: y < ny - 1 ? nx : 0,
        below: z > 0 ? -plane : 0,
        above: z < nz - 1 ? plane : 0,
      });
      yield { hessians, start };
    }
  }
}

/** Steps in memory to the neighbouring rows; 0 where the volume ends, so that the border is repeated. */
interface Steps {
  readonly before: number;
  readonly behind: number;
  readonly below: number;
  readonly above: number;
}

function fillRow(
  { xx, yy, zz, xy, xz, yz, norm }: Hessians,
  data: Float32Array,
  start: number,
  { before, behind, below, above }: Steps,
): void {
  const last = norm.length - 1;
  for (let x = 0; x <= last; x += 1) {
    const at = start + x;
    const left = x > 0 ? at - 1 : at;
    const right = x < last ? at + 1 : at;
    const twice = 2 * data[at]!;
    const dxx = data[left]! + data[right]! - twice;
    const dyy = data[at + before]! + data[at + behind]! - twice;
    const dzz = data[at + below]! + data[at + above]! - twice;
    const dxy =
      (data[left + before]! + data[right + behind]! - data[left + behind]! - data[right + before]!) / 4;
    const dxz = (data[left + below]! + data[right + above]! - data[left + above]! - data[right + below]!) / 4;
    const near = data[at + before + below]! + data[at + behind + above]!;
    const dyz = (near - data[at + before + above]! - data[at + behind + below]!) / 4;
    xx[x] = dxx;
    yy[x] = dyy;
    zz[x] = dzz;
    xy[x] = dxy;
    xz[x] = dxz;
    yz[x] = dyz;
    norm[x] = Math.sqrt(dxx * dxx + dyy * dyy + dzz * dzz + 2 * (dxy * dxy + dxz * dxz + dyz * dyz));
  }
}
