import { z } from 'zod';
import { geometry, identity, networkFile, probability, provenance, range, resampling } from './parts.ts';

/** System 001, a dense patch classifier on TOF-MRA. */
export const tofPatchManifest = z.strictObject({
  ...identity,
  pipeline: z.literal('tof-patch'),
  task: z.literal('aneurysm-detection'),
  modality: z.literal('MR'),
  accepts: z.strictObject({
    ...geometry,
    /** Least share of the volume that the head mask must fill. */
    minHeadShare: z.number().min(0).max(1),
  }),
  preprocessing: z.strictObject({
    orientation: z.literal('LPS'),
    spacingMm: z.number().positive(),
    ...resampling,
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
    ...networkFile,
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
    /** Candidates farther from the brain's surface than this (mm) are demoted; left out: none is. */
    farthestFromBrainMm: z.number().min(10).max(50).optional(),
  }),
  measures: z.strictObject({
    /** What the correction is of: the largest extent of a candidate's voxels, or the sphere of their volume. */
    diameterFrom: z.enum(['extent', 'volume']).default('extent'),
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
  ...provenance,
  performance: z.strictObject({
    testedOn: z.string(),
    scans: z.int(),
    lesions: z.int(),
    lesionSensitivity4mmUp: z.number(),
    falsePositivesPerScan: z.number(),
    falsePositivesPerScanInterval: range.optional(),
    lesions3mmUp: z.int().optional(),
    detected3mmUp: z.int().optional(),
    lesionSensitivity3mmUpInterval: range.optional(),
    /** Read off the curve: the best sensitivity with at most half a false positive a scan. */
    atHalfFalsePositive: z
      .strictObject({ lesionSensitivity3mmUp: z.number(), interval: range, threshold: probability })
      .optional(),
    /** Of the probabilities of all candidates. */
    brier: probability.optional(),
    calibrationError: probability.optional(),
    /** Aneurysms of 3 mm and more by the artery they lie on. */
    bySite: z.array(z.strictObject({ site: z.string(), aneurysms: z.int(), detected: z.int() })).optional(),
    /** Marks on real arteries set into a synthetic head. */
    realVolumes: z
      .array(
        z.strictObject({
          name: z.string(),
          candidates: z.int(),
          marks: z.int(),
          highest: probability,
        }),
      )
      .optional(),
    /** Unseen phantoms whose arteries are grown around those of a real person; `name` is the mask's. */
    realTrees: z
      .array(
        z.strictObject({
          name: z.string(),
          scans: z.int(),
          lesions3mmUp: z.int(),
          detected3mmUp: z.int(),
          lesionSensitivity3mmUpInterval: range,
          falsePositivesPerScan: z.number(),
          falsePositivesPerScanInterval: range,
          sensitivityAtHalfFalsePositive: probability,
        }),
      )
      .optional(),
    /** What the maps are worth on phantoms; the card prints the table. */
    explanation: z
      .looseObject({
        how: z.string(),
        phantoms: z.int(),
        truePositives: z.int(),
        maps: z.array(z.looseObject({})),
      })
      .optional(),
    /** The published settings against each other in short runs; the card prints the table. */
    ablation: z
      .strictObject({
        how: z.string(),
        rows: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
      })
      .optional(),
    denseVersusPatchCorrelation: z.number(),
    bySize: z.array(z.strictObject({ sizeMm: z.string(), lesions: z.int(), detected: z.int() })),
  }),
});
