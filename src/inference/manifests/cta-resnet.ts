import { z } from 'zod';
import { geometry, identity, measured, networkFile, probability, provenance, range } from './parts.ts';

/** System 000, a classifier of aneurysm candidates on CT angiography. */
export const ctaResnetManifest = z.strictObject({
  ...identity,
  pipeline: z.literal('cta-resnet'),
  task: z.literal('aneurysm-candidate-classification'),
  modality: z.literal('CT'),
  accepts: z.strictObject({
    ...geometry,
    minSlices: geometry.minSlices.default(32),
    minCoverageMm: geometry.minCoverageMm.default([100, 100, 40]),
  }),
  preprocessing: z.strictObject({
    units: z.literal('HU'),
    orientation: z.literal('LPS'),
    cropMm: z.number().positive(),
    spacingMm: z.number().positive(),
    pixels: z.int().positive(),
    slices: z.int().positive(),
    channels: z.literal('slices z-1, z, z+1'),
    interpolation: z.literal('linear'),
    outside: z.literal('repeat-edge'),
    windowHu: range,
  }),
  network: z.strictObject({ ...networkFile, input: z.string(), outputs: z.array(z.string()) }),
  selection: z.strictObject({
    features: z.array(z.int().nonnegative()).min(1),
    weights: z.array(z.number()),
    bias: z.number(),
  }),
  aggregation: z.literal('mean logit of the three central slices'),
  explanation: z.strictObject({
    output: z.literal('cam'),
    method: z.string(),
    cells: z.int().positive(),
  }),
  operatingPoint: z.strictObject({ threshold: probability, chosenOn: z.string() }),
  performance: measured,
  ...provenance,
});
