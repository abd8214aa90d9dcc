import { z } from 'zod';
import { siteClasses } from '../../findings/index.ts';
import { identity, measured, networkFile, probability, provenance } from './parts.ts';

const names = siteClasses.map(({ name }) => name);

/** The site model: which artery a place lies on, from a crop of bright vessels about it. No pipeline: it serves those that find aneurysms. */
export const arterySitesManifest = z.strictObject({
  ...identity,
  task: z.literal('artery-site'),
  modalities: z.array(z.enum(['MR', 'CT'])).min(1),
  preprocessing: z.strictObject({
    orientation: z.literal('LPS'),
    image: z.literal('0..1 inside the head, 0 outside, without bone'),
    spacingMm: z.number().positive(),
    samples: z.int().positive(),
    interpolation: z.literal('linear'),
    outside: z.literal(0),
  }),
  network: z.strictObject({
    ...networkFile,
    crop: z.string(),
    /** Input of the distance from the mid-sagittal plane, mm, + to the Left. */
    leftMm: z.string(),
    output: z.string(),
  }),
  classes: z.array(z.string()).refine((classes) => classes.join('\n') === names.join('\n'), {
    message: `must be ${names.join(', ')}`,
  }),
  /** An artery is named where its probability, both sides together, reaches the threshold. */
  naming: z.strictObject({ threshold: probability, chosenOn: z.string() }),
  performance: measured,
  ...provenance,
});
