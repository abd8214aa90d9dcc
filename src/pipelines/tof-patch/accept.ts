import type { Reason } from '../../findings/index.ts';
import type { BundleManifest } from '../../inference/index.ts';
import { checkStack } from '../../volume/index.ts';
import type { PipelineInput } from '../types.ts';
import type { Prepared } from './prepare.ts';

/** MR Image, Enhanced MR Image and Legacy Converted Enhanced MR Image Storage. */
const mrSopClasses: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.4',
  '1.2.840.10008.5.1.4.1.1.4.1',
  '1.2.840.10008.5.1.4.1.1.4.4',
]);

/** Why the bundle must not read this series, or null: what lies outside what a bundle was made for is never a negative. */
export function acceptanceProblem(input: PipelineInput, manifest: BundleManifest): Reason | null {
  const { accepts } = manifest;
  const stack = checkStack(input.frames);
  if (input.frames.some(({ sopClassUid }) => !mrSopClasses.has(sopClassUid))) {
    return {
      code: 'MODALITY_NOT_ACCEPTED',
      text: `These are no MR images; ${manifest.id} reads ${manifest.modality} only.`,
    };
  }
  if (stack.kind === 'not-a-stack') return stack.reason;
  const name = `${manifest.id} ${manifest.version}`;
  if (stack.orientation !== accepts.orientation) {
    return {
      code: 'ORIENTATION_NOT_ACCEPTED',
      text: `The slices are ${stack.orientation}; ${name} reads ${accepts.orientation} ones.`,
    };
  }
  if (stack.obliqueDegrees > accepts.maxObliqueDegrees) {
    const text = `The slices are ${stack.obliqueDegrees.toFixed(0)} degrees oblique; ${name} reads up to ${accepts.maxObliqueDegrees}.`;
    return { code: 'TOO_OBLIQUE', text };
  }
  if (stack.frames.length < accepts.minSlices) {
    return {
      code: 'TOO_FEW_SLICES',
      text: `The series has ${stack.frames.length} slices; ${name} needs ${accepts.minSlices}.`,
    };
  }
  return spacingProblem(input, manifest) ?? coverageProblem(input, manifest) ?? contentProblem(input);
}

/** Images without a head around the vessels are not what the network was trained on: cut-out vessels, another body part. */
export function headMissing({ mask }: Prepared, { accepts, id }: BundleManifest): Reason | null {
  let inside = 0;
  for (const voxel of mask) inside += voxel;
  const share = inside / mask.length;
  if (share >= accepts.minHeadShare) return null;
  const text = `No head was found: tissue fills ${(share * 100).toFixed(1)} % of the images, ${id} needs ${(accepts.minHeadShare * 100).toFixed(0)} %. Was the background removed?`;
  return { code: 'HEAD_NOT_FOUND', text };
}

function spacingProblem({ volume }: PipelineInput, { accepts, id }: BundleManifest): Reason | null {
  const checks = [
    ['pixel spacing', volume.spacingMm[0], accepts.pixelSpacingMm],
    ['pixel spacing', volume.spacingMm[1], accepts.pixelSpacingMm],
    ['slice spacing', volume.spacingMm[2], accepts.sliceSpacingMm],
  ] as const;
  const bad = checks.find(([, found, [min, max]]) => found < min || found > max);
  if (bad === undefined) return null;
  const [what, found, [min, max]] = bad;
  return {
    code: 'SPACING_NOT_ACCEPTED',
    text: `The ${what} is ${found.toFixed(2)} mm; ${id} reads ${min} to ${max} mm.`,
  };
}

function coverageProblem({ volume }: PipelineInput, { accepts, id }: BundleManifest): Reason | null {
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
