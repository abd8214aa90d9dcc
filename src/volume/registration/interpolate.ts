import type { Vector } from '../frame-geometry.ts';
import { lpsToIndex } from '../orientation.ts';
import type { Volume } from '../types.ts';

/** A volume that is asked for value and slope at places of the patient, hundreds of thousands of times. */
export interface Field {
  /** The trilinear value at a place, LPS mm; NaN outside the grid. Its derivative a mm is left in `slope`. */
  readonly at: (place: Float64Array) => number;
  readonly slope: Float64Array;
}

export function fieldOf(volume: Volume): Field {
  const { data, size } = volume;
  const [nx, ny, nz] = size;
  const plane = nx * ny;
  const m = indexFromLps(volume);
  const slope = new Float64Array(3);
  const at = (place: Float64Array): number => {
    const [x, y, z] = [place[0]!, place[1]!, place[2]!];
    const u = m[0]! * x + m[1]! * y + m[2]! * z + m[3]!;
    const v = m[4]! * x + m[5]! * y + m[6]! * z + m[7]!;
    const w = m[8]! * x + m[9]! * y + m[10]! * z + m[11]!;
    if (!(u >= 0 && v >= 0 && w >= 0 && u < nx - 1 && v < ny - 1 && w < nz - 1)) return NaN;
    const i = Math.floor(u);
    const j = Math.floor(v);
    const k = Math.floor(w);
    const a = u - i;
    const b = v - j;
    const c = w - k;
    const near = i + nx * j + plane * k;
    const far = near + plane;
    const step0 = data[near + 1]! - data[near]!;
    const step1 = data[near + nx + 1]! - data[near + nx]!;
    const step2 = data[far + 1]! - data[far]!;
    const step3 = data[far + nx + 1]! - data[far + nx]!;
    const row0 = data[near]! + a * step0;
    const row1 = data[near + nx]! + a * step1;
    const row2 = data[far]! + a * step2;
    const row3 = data[far + nx]! + a * step3;
    const du = (1 - c) * (step0 + b * (step1 - step0)) + c * (step2 + b * (step3 - step2));
    const dv = (1 - c) * (row1 - row0) + c * (row3 - row2);
    const nearValue = row0 + b * (row1 - row0);
    const dw = row2 + b * (row3 - row2) - nearValue;
    slope[0] = du * m[0]! + dv * m[4]! + dw * m[8]!;
    slope[1] = du * m[1]! + dv * m[5]! + dw * m[9]!;
    slope[2] = du * m[2]! + dv * m[6]! + dw * m[10]!;
    return nearValue + c * dw;
  };
  return { at, slope };
}

/** Rows of the affine from LPS mm to voxel index, four numbers each. */
function indexFromLps(grid: Omit<Volume, 'data'>): Float64Array {
  const origin = lpsToIndex(grid, [0, 0, 0]);
  const units: readonly Vector[] = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const rows = new Float64Array(12);
  for (const axis of [0, 1, 2] as const) {
    for (const [column, unit] of units.entries())
      rows[axis * 4 + column] = lpsToIndex(grid, unit)[axis] - origin[axis];
    rows[axis * 4 + 3] = origin[axis];
  }
  return rows;
}
