import type { FrameGeometry, Vector } from './frame-geometry.ts';

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function subtract(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function length(a: Vector): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** Direction of a row (towards higher column index), of a column, and their normal (PS3.3 C.7.6.2.1.1). */
export function axesOf(
  frame: Pick<FrameGeometry, 'imageOrientationPatient'>,
): readonly [Vector, Vector, Vector] {
  const [a, b, c, d, e, f] = frame.imageOrientationPatient;
  const row: Vector = [a, b, c];
  const column: Vector = [d, e, f];
  return [row, column, cross(row, column)];
}
