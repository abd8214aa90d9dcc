import type { ManifestOf } from '../../inference/index.ts';
import {
  correctBias,
  headMask,
  masked,
  percentiles,
  resampleIsotropic,
  type Volume,
} from '../../volume/index.ts';

/** The network's input: 0..1 inside the head, 0 outside, on the isotropic grid; the grey values behind it; and the head itself. */
export interface Prepared {
  readonly image: Volume;
  readonly grey: Volume;
  readonly mask: Uint8Array;
}

/** Grid, mask and normalisation as the manifest says; models/training does the same (golden vectors). */
export function prepare(volume: Volume, recipe: ManifestOf<'tof-patch'>['preprocessing']): Prepared {
  const iso = resampleIsotropic(volume, recipe.spacingMm, recipe);
  const mask = headMask(iso, recipe.headMask);
  const even = recipe.biasCorrection === 'n4' ? correctBias(iso, mask) : iso;
  return { image: normalise(even, mask, recipe.normalisation), grey: iso, mask };
}

function normalise(
  iso: Volume,
  mask: Uint8Array,
  recipe: ManifestOf<'tof-patch'>['preprocessing']['normalisation'],
): Volume {
  const [low = 0, high = 1] = percentiles(masked(iso.data, mask), [
    recipe.lowPercentile,
    recipe.highPercentile,
  ]);
  const scale = 1 / Math.max(high - low, 1e-6);
  const data = new Float32Array(iso.data.length);
  for (let index = 0; index < data.length; index += 1) {
    if (mask[index] === 1) data[index] = Math.min(1, Math.max(0, (iso.data[index]! - low) * scale));
  }
  return { ...iso, data };
}
