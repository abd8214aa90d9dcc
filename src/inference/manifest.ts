import { z } from 'zod';

const range = z.tuple([z.number(), z.number()]);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** `model.json` of a bundle: what it accepts, how its input is made, how its output is read, and what was measured. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  pipeline: z.literal('tof-patch'),
  task: z.literal('aneurysm-detection'),
  modality: z.literal('MR'),
  title: z.string(),
  manufacturer: z.string(),
  accepts: z.strictObject({
    orientation: z.enum(['axial', 'coronal', 'sagittal']),
    maxObliqueDegrees: z.number().nonnegative(),
    minSlices: z.int().positive(),
    pixelSpacingMm: range,
    sliceSpacingMm: range,
    minCoverageMm: triple,
    /** Least share of the volume that the head mask must fill. */
    minHeadShare: z.number().min(0).max(1),
  }),
  preprocessing: z.strictObject({
    orientation: z.literal('LPS'),
    spacingMm: z.number().positive(),
    interpolation: z.literal('linear'),
    /** N4 on the resampled grid, inside the head mask and before normalisation; only for a network trained behind it. */
    biasCorrection: z.enum(['none', 'n4']).default('none'),
    headMask: z.strictObject({
      method: z.literal('threshold-largest-component'),
      relativeThreshold: z.number().positive(),
      referencePercentile: z.number().min(0).max(100),
    }),
    normalisation: z.strictObject({
      method: z.literal('percentile-in-mask'),
      lowPercentile: z.number().min(0).max(100),
      highPercentile: z.number().min(0).max(100),
    }),
  }),
  network: z.strictObject({
    file: z.string().regex(/^[\w.-]+\.onnx$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    input: z.string(),
    evidence: z.string(),
    localisation: z.string(),
    multipleOf: z.int().positive(),
    patchSize: z.int().positive(),
    haloVoxels: z.int().nonnegative(),
  }),
  candidates: z.strictObject({
    localisationThreshold: z.number().min(0).max(1),
    minVoxels: z.int().positive(),
    maxCandidates: z.int().positive(),
  }),
  measures: z.strictObject({
    diameterScale: z.number().positive(),
    diameterOffsetMm: z.number(),
    diameterResidualSdMm: z.number().nonnegative(),
    volumeScale: z.number().positive(),
  }),
  calibration: z.strictObject({
    method: z.literal('logistic'),
    intercept: z.number(),
    seedLogit: z.number(),
    patchLogit: z.number(),
    logVolume: z.number(),
    scanProbabilityWhenNoCandidate: z.number().min(0).max(1),
  }),
  operatingPoint: z.strictObject({
    findingThreshold: z.number().min(0).max(1),
    chosenOn: z.string(),
    sensitivity: z.number(),
    falsePositivesPerScan: z.number(),
  }),
  training: z.strictObject({
    data: z.string(),
    licence: z.string(),
    synthetic: z.boolean(),
    seed: z.int(),
    kitVersion: z.string(),
    date: z.string(),
  }),
  performance: z.strictObject({
    testedOn: z.string(),
    scans: z.int(),
    lesions: z.int(),
    lesionSensitivity4mmUp: z.number(),
    falsePositivesPerScan: z.number(),
    denseVersusPatchCorrelation: z.number(),
    bySize: z.array(z.strictObject({ sizeMm: z.string(), lesions: z.int(), detected: z.int() })),
  }),
  limits: z.array(z.string()).min(1),
  intendedUse: z.string(),
  golden: z.string(),
});

export type BundleManifest = z.infer<typeof manifestSchema>;
