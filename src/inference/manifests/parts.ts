import { z } from 'zod';

export const range = z.tuple([z.number(), z.number()]);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A network file beside the manifest, and what it must be. */
export const networkFile = { file: z.string().regex(/^[\w.-]+\.onnx$/), sha256 };

/** Who made a bundle and what it is called. */
export const identity = {
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  title: z.string(),
  manufacturer: z.string(),
};

/** What every bundle says of its origin; figures beyond these are the card's business. */
export const provenance = {
  training: z.looseObject({
    data: z.string(),
    licence: z.string(),
    synthetic: z.boolean(),
    seed: z.int(),
    kitVersion: z.string(),
    date: z.string(),
  }),
  limits: z.array(z.string()).min(1),
  intendedUse: z.string(),
  golden: z.string(),
};

export const measured = z.looseObject({ testedOn: z.string() });

export const probability = z.number().min(0).max(1);

/** How a series gets onto the networks' grid (src/volume/resample): as in training. The shipped ones are trained behind `linear` without a low-pass. */
export const resampling = {
  interpolation: z.enum(['linear', 'cubic', 'nearest']),
  antiAlias: z.boolean().default(false),
};

/** Series geometry a bundle reads; the shared checks of src/pipelines/acceptance.ts go by it. */
export const geometry = {
  orientation: z.enum(['axial', 'coronal', 'sagittal']),
  maxObliqueDegrees: z.number().nonnegative(),
  minSlices: z.int().positive(),
  pixelSpacingMm: range,
  sliceSpacingMm: range,
  minCoverageMm: triple,
};
