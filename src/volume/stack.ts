import type { Reason } from '../findings/index.ts';
import type { FrameGeometry, Vector } from './frame-geometry.ts';
import { median } from './median.ts';
import { axesOf, dot, length, subtract } from './vectors.ts';

export type Orientation = 'axial' | 'coronal' | 'sagittal' | 'oblique';

/** Frames that make a volume, ordered along their normal, or the reason why they do not. */
export type StackOutcome =
  | {
      readonly kind: 'stack';
      readonly frames: readonly FrameGeometry[];
      readonly spacingMm: number;
      readonly orientation: Orientation;
      /** Angle between the normal and the nearest patient axis. */
      readonly obliqueDegrees: number;
      /** Shear of the stack by a tilted gantry; 0 where it is within the rounding of positions. */
      readonly tiltDegrees: number;
    }
  | { readonly kind: 'not-a-stack'; readonly reason: Reason };

/** Direction cosines are written with few digits: 0.2 degrees is beyond rounding, and below any intended difference. */
const sameDirectionDegrees = 0.2;
/** Positions are rounded to 0.001-0.01 mm; nearer than this they are one position. */
const samePositionMm = 0.01;
/** A slice may sit this share of the spacing off its even place: rounding and couch tolerance, not a missing slice. */
const unevenShare = 0.1;
/** Of a pixel: a slice farther off the line of the others is displaced; rounding of positions is far below. */
const offLineShare = 0.5;
/** Up to this shear positions are rounded, beyond it the stack is tilted. */
const straightDegrees = 0.25;
/** Beyond this angle it is no gantry (they tilt up to 30 degrees), and slices overlap too little to be one volume. */
const mostTiltDegrees = 35;
/** No head is scanned in more; as numbers they would not fit into memory (2,000 slices of 512 x 512 are 2 GB). */
const mostSlices = 2000;
/** Up to this obliquity a stack is named by its nearest plane. */
const obliqueLimitDegrees = 45;

const noPlace =
  'The images do not say where in the patient they lie: Image Position (Patient), Image Orientation (Patient) or Pixel Spacing is missing, or holds no usable number.';

/**
 * Judges whether frames stack: one frame of reference, orientation and matrix, even spacing on one line, no gap, no double, as
 * many as announced. A tilt is told, not judged: whether a sheared stack can be read is the pipeline's business.
 */
export function checkStack(frames: readonly FrameGeometry[], expectedCount?: number): StackOutcome {
  const first = frames[0];
  if (first === undefined) return not('NO_GEOMETRY', noPlace);
  const mixed = mixture(frames, first);
  if (mixed !== null) return { kind: 'not-a-stack', reason: mixed };
  const [row, column, normal] = axesOf(first);
  const sorted = [...frames].sort(
    (a, b) => dot(a.imagePositionPatient, normal) - dot(b.imagePositionPatient, normal),
  );
  const positions = sorted.map((frame) => dot(frame.imagePositionPatient, normal));
  if (frames.length < 2)
    return not('TOO_FEW_SLICES', `There is ${frames.length} slice; a volume needs more.`);
  if (frames.length > mostSlices)
    return not(
      'TOO_MANY_SLICES',
      `There are ${frames.length} slices; up to ${mostSlices} are read as one volume.`,
    );
  const tiltDegrees = tilt(sorted, [row, column, normal]);
  const fault =
    double(sorted, positions) ??
    unevenness(positions) ??
    displacement(sorted, [row, column, normal]) ??
    (tiltDegrees > mostTiltDegrees ? sheared(tiltDegrees) : null) ??
    shortage(frames, expectedCount);
  if (fault !== null) return { kind: 'not-a-stack', reason: fault };
  const spacingMm = (positions.at(-1)! - positions[0]!) / (positions.length - 1);
  return { kind: 'stack', frames: sorted, spacingMm, tiltDegrees, ...orientationOf(normal) };
}

function mixture(frames: readonly FrameGeometry[], first: FrameGeometry): Reason | null {
  // Type 1 (PS3.3 C.7.4.1); what anonymisers empty tells nothing
  const references = new Set(frames.map((frame) => frame.frameOfReferenceUid).filter((uid) => uid !== ''));
  if (references.size > 1) {
    const text = `The slices lie in ${references.size} Frames of Reference: their positions do not count from one point, so they cannot be laid on each other.`;
    return { code: 'MIXED_FRAME_OF_REFERENCE', text };
  }
  const [row, column] = axesOf(first);
  const turned = frames.find((frame) => {
    const [otherRow, otherColumn] = axesOf(frame);
    return (
      degreesBetween(row, otherRow) > sameDirectionDegrees ||
      degreesBetween(column, otherColumn) > sameDirectionDegrees
    );
  });
  if (turned !== undefined) {
    return { code: 'MIXED_ORIENTATION', text: 'The slices of this series do not all have one orientation.' };
  }
  const other = frames.find(
    (frame) =>
      frame.rows !== first.rows ||
      frame.columns !== first.columns ||
      Math.abs(frame.pixelSpacing[0] - first.pixelSpacing[0]) > 0.001 ||
      Math.abs(frame.pixelSpacing[1] - first.pixelSpacing[1]) > 0.001,
  );
  if (other === undefined) return null;
  const text = `The slices differ in matrix or pixel size (${sizeText(first)} and ${sizeText(other)}).`;
  return { code: 'MIXED_MATRIX', text };
}

function double(sorted: readonly FrameGeometry[], positions: readonly number[]): Reason | null {
  const doubles = positions.filter(
    (position, index) => index > 0 && position - positions[index - 1]! < samePositionMm,
  ).length;
  if (doubles === 0) return null;
  const places = positions.length - doubles;
  const times = new Set(sorted.map((frame) => frame.temporalIndex)).size;
  if (times > 1 || positions.length % places === 0) {
    const text = `Each of ${places} positions was imaged ${Math.round(positions.length / places)} times: several volumes in one series.`;
    return { code: 'SEVERAL_VOLUMES', text };
  }
  return {
    code: 'DUPLICATE_POSITION',
    text: `${doubles} of ${positions.length} slices lie where another slice already lies.`,
  };
}

function unevenness(positions: readonly number[]): Reason | null {
  const steps = positions.slice(1).map((position, index) => position - positions[index]!);
  const spacing = median(steps)!;
  const worst = steps.reduce(
    (far, step, index) => (Math.abs(step - spacing) > Math.abs(steps[far]! - spacing) ? index : far),
    0,
  );
  const step = steps[worst]!;
  if (Math.abs(step - spacing) <= unevenShare * spacing) return null;
  const missing = Math.round(step / spacing) - 1;
  const where = `between ${mm(positions[worst]!)} and ${mm(positions[worst + 1]!)}`;
  if (missing >= 1 && Math.abs(step - spacing * (missing + 1)) <= unevenShare * spacing * (missing + 1)) {
    const slices = missing === 1 ? 'a slice is' : `${missing} slices are`;
    return {
      code: 'SLICE_GAP',
      text: `${slices[0]!.toUpperCase()}${slices.slice(1)} missing ${where} along the stack (spacing ${mm(spacing)}).`,
    };
  }
  return {
    code: 'UNEVEN_SPACING',
    text: `The slices are not evenly spaced: ${mm(step)} ${where}, elsewhere ${mm(spacing)}.`,
  };
}

/** Slices beside the line from the first to the last: the head in them is displaced, whatever their distance along the normal. */
function displacement(
  sorted: readonly FrameGeometry[],
  [row, column, normal]: readonly [Vector, Vector, Vector],
): Reason | null {
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  const way = subtract(last.imagePositionPatient, first.imagePositionPatient);
  const offsMm = sorted.map(({ imagePositionPatient }) => {
    const path = subtract(imagePositionPatient, first.imagePositionPatient);
    const share = dot(path, normal) / dot(way, normal);
    const off = subtract(path, [share * way[0], share * way[1], share * way[2]]);
    return Math.hypot(dot(off, row), dot(off, column));
  });
  const most = Math.max(...offsMm);
  if (most <= offLineShare * Math.min(...first.pixelSpacing)) return null;
  const text = `The slices are displaced sideways: slice ${offsMm.indexOf(most) + 1} of ${sorted.length} lies ${mm(most)} beside the line from the first to the last.`;
  return { code: 'SLICES_DISPLACED', text };
}

/** Degrees between the way from the first to the last slice and their normal. */
function tilt(sorted: readonly FrameGeometry[], axes: readonly [Vector, Vector, Vector]): number {
  const [row, column, normal] = axes;
  const path = subtract(sorted.at(-1)!.imagePositionPatient, sorted[0]!.imagePositionPatient);
  const shear = Math.hypot(dot(path, row), dot(path, column));
  const degrees = (Math.atan2(shear, dot(path, normal)) * 180) / Math.PI;
  return degrees <= straightDegrees ? 0 : degrees;
}

function sheared(degrees: number): Reason {
  return {
    code: 'GANTRY_TILT',
    text: `The stack is sheared by ${degrees.toFixed(1)} degrees; no gantry tilts beyond ${mostTiltDegrees}.`,
  };
}

function shortage(frames: readonly FrameGeometry[], expectedCount: number | undefined): Reason | null {
  if (expectedCount === undefined || frames.length >= expectedCount) return null;
  return {
    code: 'MISSING_SLICES',
    text: `${frames.length} slices came, the scanner announced ${expectedCount}.`,
  };
}

function orientationOf(normal: Vector): { orientation: Orientation; obliqueDegrees: number } {
  const planes = ['sagittal', 'coronal', 'axial'] as const;
  const sizes = normal.map(Math.abs);
  const nearest = sizes.indexOf(Math.max(...sizes));
  const obliqueDegrees = (Math.acos(Math.min(1, sizes[nearest]! / length(normal))) * 180) / Math.PI;
  return { orientation: obliqueDegrees > obliqueLimitDegrees ? 'oblique' : planes[nearest]!, obliqueDegrees };
}

function degreesBetween(a: Vector, b: Vector): number {
  const cosine = dot(a, b) / (length(a) * length(b));
  return (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}

function mm(value: number): string {
  return `${value.toFixed(2)} mm`;
}

function sizeText(frame: FrameGeometry): string {
  return `${frame.columns} x ${frame.rows} at ${frame.pixelSpacing[1]} x ${frame.pixelSpacing[0]} mm`;
}

function not(code: string, text: string): StackOutcome {
  return { kind: 'not-a-stack', reason: { code, text } };
}
