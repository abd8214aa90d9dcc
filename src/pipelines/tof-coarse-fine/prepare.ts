import type { Reason } from '../../findings/index.ts';
import type { ManifestOf } from '../../inference/index.ts';
import { angiogramProblem } from '../head-angiogram.ts';
import { headMask, percentiles, resampleIsotropic, type Volume } from '../../volume/index.ts';

type Manifest = ManifestOf<'tof-coarse-fine'>;

/** The series on the networks' grid, 0..1; and the head on a coarser one, to see whether there is one. */
export interface Prepared {
  readonly image: Volume;
  readonly head: { readonly volume: Volume; readonly mask: Uint8Array };
}

const headGridMm = 2;
/** As the bundle tof-patch finds the head; a head around the vessels fills at least this share. */
const headRecipe = { relativeThreshold: 0.1, referencePercentile: 99.0 };
const leastHeadShare = 0.15;

/** Grid and normalisation as the manifest says; models/training does the same (golden vectors). */
export function prepare(volume: Volume, recipe: Manifest['preprocessing']): Prepared {
  const iso = resampleIsotropic(volume, recipe.spacingMm, recipe);
  const coarse = resampleIsotropic(volume, headGridMm);
  return {
    image: normalise(iso, recipe.normalisation),
    head: { volume: coarse, mask: headMask(coarse, headRecipe) },
  };
}

/** Why what is seen is no head, or null. */
export function headMissing({ head: { volume, mask } }: Prepared, { id }: Manifest): Reason | null {
  let inside = 0;
  for (const voxel of mask) inside += voxel;
  const share = inside / mask.length;
  if (share >= leastHeadShare) return angiogramProblem(volume, mask, id);
  const text = `No head was found: tissue fills ${(share * 100).toFixed(1)} % of the images, ${id} needs ${(leastHeadShare * 100).toFixed(0)} %. Was the background removed?`;
  return { code: 'HEAD_NOT_FOUND', text };
}

/** Between two percentiles of the voxels above 0, clipped to 0..1; in place, since a field of this grid has a hundred megabytes. */
function normalise(iso: Volume, recipe: Manifest['preprocessing']['normalisation']): Volume {
  const { data } = iso;
  const [low = 0, high = 1] = percentiles(positive(data), [recipe.lowPercentile, recipe.highPercentile]);
  const scale = 1 / Math.max(high - low, 1e-6);
  for (let index = 0; index < data.length; index += 1)
    data[index] = Math.max(0, Math.min(1, (data[index]! - low) * scale));
  return iso;
}

function positive(values: Float32Array): Float32Array {
  const out = new Float32Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index += 1) {
    if (!(values[index]! > 0)) continue;
    out[count] = values[index]!;
    count += 1;
  }
  return out.subarray(0, count);
}
