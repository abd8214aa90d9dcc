import type { ManifestOf } from '../../inference/index.ts';
import { labelComponents, masked, percentiles, vesselness, type Volume } from '../../volume/index.ts';

type Recipe = Extract<
  ManifestOf<'tof-coarse-fine'>['preprocessing']['arteries'],
  { readonly method: 'vesselness' }
>;

/** Bright tubes where `within` is 1: grown from the voxels that are most like one to all connected ones that are like one at all. */
export function tubesOf(
  { data, size, spacingMm }: Volume,
  within: Uint8Array,
  { measure, sigmasMm, seedPercentile, growAbove, lumenAbove, leastValue }: Recipe,
): Uint8Array {
  const sigmasVoxels = sigmasMm.map((sigma) => sigma / spacingMm[0]);
  const answer = vesselness(data, size, { measure, sigmasVoxels, within });
  const [seed = Infinity] = percentiles(masked(answer, within), [seedPercentile]);
  const tubes = new Uint8Array(data.length);
  for (let index = 0; index < tubes.length; index += 1) {
    const value = data[index]!;
    const goesOn = value >= leastValue && (answer[index]! > growAbove || value >= lumenAbove);
    tubes[index] = goesOn && within[index] === 1 ? 1 : 0;
  }
  const { labels, count } = labelComponents(tubes, size, 26);
  const begun = new Uint8Array(count + 1);
  for (let index = 0; index < tubes.length; index += 1)
    if (tubes[index] === 1 && answer[index]! >= seed) begun[labels[index]!] = 1;
  for (let index = 0; index < tubes.length; index += 1) tubes[index] = begun[labels[index]!]!;
  return tubes;
}
