import type { HeadModel } from '../../inference/index.ts';
import { distanceTransform, type Volume } from '../../volume/index.ts';
import { onGrid, type Conformed } from './conform.ts';

type Bounds = HeadModel['manifest']['plausible'];

/** What an answer is believed by, shares 0..1. */
export interface Plausibility {
  /** Brain, of the head as its threshold finds it. */
  readonly brainShare: number;
  /** Of what is brightest deep in the head, what the mask leaves outside. */
  readonly brightOutside: number;
}

/** `distance` and `kept` on the grid of `seen`; `head` is the threshold's mask on the grid of `scan`. */
export function plausibility(
  { image, covered }: Conformed,
  answer: { readonly distance: Volume; readonly kept: Uint8Array },
  scan: { readonly grid: Omit<Volume, 'data'>; readonly head: Uint8Array },
  { deepMm }: Bounds,
): Plausibility {
  const half = onGrid({ ...scan.grid, data: Float32Array.from(scan.head) }, image).data;
  const isHead = (index: number): boolean => covered[index] === 1 && half[index]! >= 0.5;
  const air = covered.map((inside, index) => (inside === 1 && !isHead(index) ? 1 : 0));
  const depth = distanceTransform(air, image.size, image.spacingMm);
  const counts = { head: 0, brain: 0, bright: 0, outside: 0 };
  for (let index = 0; index < depth.length; index += 1) {
    if (covered[index] === 0) continue;
    if (answer.distance.data[index]! <= 0) counts.brain += 1;
    if (!isHead(index)) continue;
    counts.head += 1;
    if (image.data[index]! < 1 || depth[index]! < deepMm) continue;
    counts.bright += 1;
    if (answer.kept[index] === 0) counts.outside += 1;
  }
  return {
    brainShare: counts.brain / Math.max(counts.head, 1),
    brightOutside: counts.outside / Math.max(counts.bright, 1),
  };
}

/** Why an answer is not believed, as a clause; null where it is. */
export function doubt({ brainShare, brightOutside }: Plausibility, bounds: Bounds): string | null {
  const { minBrainShare, maxBrainShare } = bounds;
  if (brainShare < minBrainShare || brainShare > maxBrainShare)
    return `brain would be ${percent(brainShare)} of the head, ${percent(minBrainShare)} to ${percent(maxBrainShare)} is plausible`;
  if (brightOutside > bounds.maxBrightOutside)
    return `${percent(brightOutside)} of what is as bright as arteries deep in the head would lie outside, at most ${percent(bounds.maxBrightOutside)} is plausible`;
  return null;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
