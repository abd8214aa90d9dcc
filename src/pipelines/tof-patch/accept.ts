import type { Reason } from '../../findings/index.ts';
import type { ManifestOf } from '../../inference/index.ts';
import { angiogramProblem } from '../head-angiogram.ts';
import type { Prepared } from './prepare.ts';

/** Images without a head around the vessels, or vessels in the head, are not what the network was trained on: cut-out vessels, another body part. */
export function headMissing(
  { grey, mask }: Prepared,
  { accepts, id }: ManifestOf<'tof-patch'>,
): Reason | null {
  let inside = 0;
  for (const voxel of mask) inside += voxel;
  const share = inside / mask.length;
  if (share >= accepts.minHeadShare) return angiogramProblem(grey, mask, id);
  const text = `No head was found: tissue fills ${(share * 100).toFixed(1)} % of the images, ${id} needs ${(accepts.minHeadShare * 100).toFixed(0)} %. Was the background removed?`;
  return { code: 'HEAD_NOT_FOUND', text };
}
