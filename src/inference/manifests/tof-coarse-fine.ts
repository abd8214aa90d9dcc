import { z } from 'zod';
import { geometry, identity, measured, networkFile, probability, provenance, resampling } from './parts.ts';

const percent = z.number().min(0).max(100);

/** The network of role "arteries". */
const byNetwork = z.strictObject({
  threshold: probability,
  smallestMm3: z.number().nonnegative(),
  multipleOf: z.int().positive(),
  haloVoxels: z.int().nonnegative(),
});

/**
 * Without a network: a filter that answers to bright tubes, grown from where it answers most. Such a bundle has no network of role
 * "arteries".
 */
const byVesselness = z.strictObject({
  method: z.literal('vesselness'),
  measure: z.enum(['frangi', 'jerman']),
  sigmasMm: z.array(z.number().positive()).min(1).max(6),
  /** Of the answers deep in the head: above it an artery begins. */
  seedPercentile: percent,
  /** Answer down to which it goes on. */
  growAbove: probability,
  /** Of the normalised image: so bright it goes on whatever its shape; a sac is no tube. */
  lumenAbove: probability,
  /** Of the normalised image: nothing darker is an artery. */
  leastValue: probability,
  smallestMm3: z.number().nonnegative(),
});

const manifest = z.strictObject({
  ...identity,
  pipeline: z.literal('tof-coarse-fine'),
  task: z.literal('aneurysm-segmentation'),
  modality: z.literal('MR'),
  accepts: z.strictObject(geometry),
  preprocessing: z.strictObject({
    orientation: z.literal('LPS'),
    spacingMm: z.number().positive(),
    ...resampling,
    normalisation: z.strictObject({
      method: z.literal('percentile-above-zero'),
      lowPercentile: percent,
      highPercentile: percent,
    }),
    arteries: z.union([byNetwork, byVesselness]),
    vessels: z.strictObject({
      dilation: z.literal('18-neighbours'),
      normalisation: z.literal('z-score-inside'),
      outside: z.literal(0),
    }),
    contour: z.strictObject({
      method: z.literal('sobel-root-mean-square'),
      softenVoxels: z.number().positive(),
      scale: z.literal('maximum-1'),
    }),
  }),
  networks: z
    .array(
      z.strictObject({
        ...networkFile,
        role: z.enum(['arteries', 'coarse', 'fine']),
        inputs: z.array(z.string()),
        outputs: z.array(z.string()),
      }),
    )
    .max(3),
  coarse: z.strictObject({
    segment: z.int().positive(),
    output: z.int().positive(),
    coarseSegment: z.int().positive(),
    coarser: z.int().positive(),
    padding: z.literal('zero'),
    tilesWithoutVessel: z.literal('skipped'),
  }),
  candidates: z.strictObject({
    threshold: probability,
    minVoxels: z.int().positive(),
    maxCandidates: z.int().positive(),
    rankedBy: z.literal('largest-coarse-probability'),
  }),
  fine: z.strictObject({
    voi: z.int().positive(),
    outside: z.literal(0),
    threshold: probability,
    minVoxels: z.int().positive(),
    overlap: z.literal('maximum'),
  }),
  calibration: z.strictObject({
    method: z.literal('logistic'),
    intercept: z.number(),
    coarseLogit: z.number(),
    fineLogit: z.number(),
    logVolume: z.number(),
    scanProbabilityWhenNoCandidate: probability,
  }),
  operatingPoint: z.strictObject({ findingThreshold: probability, chosenOn: z.string() }),
  performance: measured,
  ...provenance,
});

/** System 003, coarse detection and fine outlining of aneurysms in the arteries of TOF-MRA. */
export const tofCoarseFineManifest = manifest.refine(
  ({ networks, preprocessing }) => {
    const wanted = 'method' in preprocessing.arteries ? ['coarse', 'fine'] : ['arteries', 'coarse', 'fine'];
    return (
      networks
        .map(({ role }) => role)
        .sort()
        .join() === wanted.join()
    );
  },
  {
    path: ['networks'],
    message:
      'coarse and fine must each be there once, arteries too unless preprocessing.arteries names a method',
  },
);
