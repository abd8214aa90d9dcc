import type { Vector } from '../frame-geometry.ts';

/** Gauss-Newton for the six parameters of a small rigid move: a turn about `centre` (three), a shift (three). */
export class NormalEquations {
  private readonly centre: Vector;
  private readonly matrix = new Float64Array(36);
  private readonly right = new Float64Array(6);
  private readonly row = new Float64Array(6);

  constructor(centre: Vector) {
    this.centre = centre;
  }

  /** One residual at a place (LPS mm), its slope with that place, per mm, and its weight. */
  add(place: Float64Array, slope: Float64Array, residual: number, weight: number): void {
    const { row, matrix, right, centre } = this;
    const x = place[0]! - centre[0];
    const y = place[1]! - centre[1];
    const z = place[2]! - centre[2];
    row[0] = y * slope[2]! - z * slope[1]!;
    row[1] = z * slope[0]! - x * slope[2]!;
    row[2] = x * slope[1]! - y * slope[0]!;
    row[3] = slope[0]!;
    row[4] = slope[1]!;
    row[5] = slope[2]!;
    for (let a = 0; a < 6; a += 1) {
      const weighted = weight * row[a]!;
      right[a]! -= weighted * residual;
      for (let b = a; b < 6; b += 1) matrix[a * 6 + b]! += weighted * row[b]!;
    }
  }

  /** The move that lessens the residuals most; null where the places do not fix all six parameters. */
  solve(): SmallMove | null {
    const lower = this.cholesky();
    if (lower === null) return null;
    const y = new Float64Array(6);
    for (let a = 0; a < 6; a += 1) {
      let sum = this.right[a]!;
      for (let b = 0; b < a; b += 1) sum -= lower[a * 6 + b]! * y[b]!;
      y[a] = sum / lower[a * 6 + a]!;
    }
    const x = new Float64Array(6);
    for (let a = 5; a >= 0; a -= 1) {
      let sum = y[a]!;
      for (let b = a + 1; b < 6; b += 1) sum -= lower[b * 6 + a]! * x[b]!;
      x[a] = sum / lower[a * 6 + a]!;
    }
    return { centre: this.centre, turn: [x[0]!, x[1]!, x[2]!], shift: [x[3]!, x[4]!, x[5]!] };
  }

  private cholesky(): Float64Array | null {
    const lower = new Float64Array(36);
    for (let a = 0; a < 6; a += 1) {
      for (let b = 0; b <= a; b += 1) {
        let sum = this.matrix[b * 6 + a]! * (a === b ? 1 + damping : 1);
        for (let k = 0; k < b; k += 1) sum -= lower[a * 6 + k]! * lower[b * 6 + k]!;
        if (a !== b) lower[a * 6 + b] = sum / lower[b * 6 + b]!;
        else if (!(sum > 0)) return null;
        else lower[a * 6 + a] = Math.sqrt(sum);
      }
    }
    return lower;
  }
}

const damping = 1e-3;

/** A turn about a point by a rotation vector (axis times angle, radians), then a shift in mm. */
export interface SmallMove {
  readonly centre: Vector;
  readonly turn: Vector;
  readonly shift: Vector;
}

/** Below a hundredth of a millimetre anywhere in a head. */
export function isNegligible({ turn, shift }: SmallMove): boolean {
  return Math.hypot(...turn) < 5e-5 && Math.hypot(...shift) < 5e-3;
}
