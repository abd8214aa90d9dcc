import type { Reason } from '../findings/index.ts';
import { checkStack, percentiles, planeDistanceMm, type StackOutcome } from '../volume/index.ts';
import type { PipelineInput } from './types.ts';

/** What a bundle says of the series it reads. */
export interface Accepting {
  readonly id: string;
  readonly version: string;
  readonly modality: 'CT' | 'MR';
  readonly accepts: {
    readonly orientation: string;
    readonly maxObliqueDegrees: number;
    readonly minSlices: number;
    readonly pixelSpacingMm: readonly [number, number];
    readonly sliceSpacingMm: readonly [number, number];
    readonly minCoverageMm: readonly [number, number, number];
  };
}

/** Single-frame, Enhanced and Legacy Converted Enhanced Image Storage (PS3.4 B.5). */
const sopClasses: Readonly<Record<'CT' | 'MR', ReadonlySet<string>>> = {
  MR: new Set(['1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.4.1', '1.2.840.10008.5.1.4.1.1.4.4']),
  CT: new Set(['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2']),
};

/** Why a bundle must not read a series, or null: what lies outside what a bundle was made for is never a negative. */
export function seriesProblem(
  input: PipelineInput,
  bundle: Accepting,
  tilt: 'refused' | 'read',
): Reason | null {
  const { modality, id } = bundle;
  if (input.frames.some(({ sopClassUid }) => !sopClasses[modality].has(sopClassUid))) {
    const text = `These are no ${modality} images; ${id} reads ${modality} only.`;
    return { code: 'MODALITY_NOT_ACCEPTED', text };
  }
  const stack = checkStack(input.frames);
  if (stack.kind === 'not-a-stack') return stack.reason;
  if (stack.tiltDegrees > 0 && tilt === 'refused') {
    const text = `The stack is sheared by ${stack.tiltDegrees.toFixed(1)} degrees (gantry tilt); ${id} reads straight ones.`;
    return { code: 'GANTRY_TILT', text };
  }
  return (
    stackProblem(stack, bundle) ??
    spacingProblem(input, bundle) ??
    coverageProblem(input, bundle) ??
    contentProblem(input) ??
    (modality === 'MR' ? inversionProblem(input) : null)
  );
}

function stackProblem(
  stack: Extract<StackOutcome, { kind: 'stack' }>,
  { id, version, accepts }: Accepting,
): Reason | null {
  const name = `${id} ${version}`;
  if (stack.orientation !== accepts.orientation) {
    const text = `The slices are ${stack.orientation}; ${name} reads ${accepts.orientation} ones.`;
    return { code: 'ORIENTATION_NOT_ACCEPTED', text };
  }
  if (stack.obliqueDegrees > accepts.maxObliqueDegrees) {
    const text = `The slices are ${stack.obliqueDegrees.toFixed(0)} degrees oblique; ${name} reads up to ${accepts.maxObliqueDegrees}.`;
    return { code: 'TOO_OBLIQUE', text };
  }
  if (stack.frames.length >= accepts.minSlices) return null;
  const text = `The series has ${stack.frames.length} slices; ${name} needs ${accepts.minSlices}.`;
  return { code: 'TOO_FEW_SLICES', text };
}

function spacingProblem({ volume }: PipelineInput, { accepts, id }: Accepting): Reason | null {
  const checks = [
    ['pixel spacing', volume.spacingMm[0], accepts.pixelSpacingMm],
    ['pixel spacing', volume.spacingMm[1], accepts.pixelSpacingMm],
    ['slice spacing', planeDistanceMm(volume), accepts.sliceSpacingMm],
  ] as const;
  const bad = checks.find(([, found, [min, max]]) => found < min || found > max);
  if (bad === undefined) return null;
  const [what, found, [min, max]] = bad;
  const text = `The ${what} is ${found.toFixed(2)} mm; ${id} reads ${min} to ${max} mm.`;
  return { code: 'SPACING_NOT_ACCEPTED', text };
}

function coverageProblem({ volume }: PipelineInput, { accepts, id }: Accepting): Reason | null {
  const extent = volume.size.map((n, axis) => n * volume.spacingMm[axis]!);
  const axis = extent.findIndex((mm, index) => mm < accepts.minCoverageMm[index]!);
  if (axis < 0) return null;
  const direction = ['left to right', 'front to back', 'bottom to top'][axis]!;
  const text = `The images cover ${extent[axis]!.toFixed(0)} mm ${direction}; ${id} needs ${accepts.minCoverageMm[axis]!} mm.`;
  return { code: 'COVERAGE_TOO_SMALL', text };
}

/** Fewer grey values than this share of distinct ones is a blank or failed acquisition, not a head. */
const leastForegroundShare = 0.0005;

function contentProblem({ volume }: PipelineInput): Reason | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of volume.data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const threshold = low + 0.05 * (high - low);
  let foreground = 0;
  for (const value of volume.data) if (value > threshold) foreground += 1;
  if (high > low && foreground / volume.data.length >= leastForegroundShare) return null;
  return { code: 'IMAGE_EMPTY', text: 'The images are blank or nearly so: there is nothing to analyse.' };
}

/** So many voxels tell a distribution well enough. */
const sampled = 200_000;

/**
 * MR has no units, but a sign: air about the head is dark, and arteries are the bright end of an angiogram. Where the border lies in
 * the upper half of the values and the long tail is the dark one, the picture is a negative, and arteries would be missed.
 */
function inversionProblem({ volume: { data, size } }: PipelineInput): Reason | null {
  const [nx, ny, nz] = size;
  const step = Math.max(1, Math.floor(data.length / sampled));
  const all = Float32Array.from({ length: Math.ceil(data.length / step) }, (_, index) => data[index * step]!);
  const border: number[] = [];
  for (let z = 0; z < nz; z += 1)
    for (let x = 0; x < nx; x += 1) {
      border.push(data[x + nx * ny * z]!, data[x + nx * (ny - 1 + ny * z)]!);
    }
  const [low = 0, middle = 0, high = 0] = percentiles(all, [0.1, 50, 99.9]);
  const [edge = 0] = percentiles(Float32Array.from(border), [50]);
  if (edge <= (low + high) / 2 || middle - low <= high - middle) return null;
  const text =
    'The border of the images, where there is air, is brighter than most of the head: the grey values are inverted. Check Rescale Slope and Photometric Interpretation at the source.';
  return { code: 'GREY_VALUES_INVERTED', text };
}
