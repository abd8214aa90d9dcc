import { z } from 'zod';
import { identity, measured, networkFile, provenance } from './parts.ts';

const share = z.number().min(0).max(1);

/** The head model: how far each point lies from the brain's surface. No pipeline: it serves those that want to know what lies outside. */
export const headDistanceManifest = z.strictObject({
  ...identity,
  task: z.literal('head-distance'),
  modalities: z.array(z.enum(['MR', 'CT'])).min(1),
  preprocessing: z.strictObject({
    /** Of the volume along its own axes that the grid is sampled from. */
    fromSpacingMm: z.number().positive(),
    /** A grid along the patient's axes, `insetMm` inside the volume's bounding box. */
    orientation: z.literal('LPS'),
    spacingMm: z.number().positive(),
    insetMm: z.number().nonnegative(),
    interpolation: z.literal('linear'),
    outside: z.literal(0),
    normalisation: z.strictObject({
      method: z.literal('least-to-percentile'),
      highPercentile: z.number().min(0).max(100),
    }),
  }),
  network: z.strictObject({
    ...networkFile,
    input: z.string(),
    /** Distance to the brain's surface, mm, negative inside. */
    output: z.string(),
    multipleOf: z.int().positive(),
  }),
  /** An answer outside these bounds is not believed. */
  plausible: z.strictObject({
    /** Least share of the head, as its threshold finds it, that is brain. */
    minBrainShare: share,
    /** Brain in the air about the head makes more than that of it. */
    maxBrainShare: share,
    /** Of the brightest hundredth of the image, what lies `deepMm` and more below the surface of the head: arteries in an angiogram. */
    deepMm: z.number().positive(),
    /** Most of them that the mask may leave outside, as a share. */
    maxBrightOutside: share,
  }),
  performance: measured,
  ...provenance,
});
