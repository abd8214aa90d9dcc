import { z } from 'zod';
import { geometry, identity, measured, networkFile, probability, provenance } from './parts.ts';

/** Order of the six values a slice gets, in networks, thresholds and calibration. */
export const haemorrhageClasses = [
  'any',
  'epidural',
  'intraparenchymal',
  'intraventricular',
  'subarachnoid',
  'subdural',
] as const;

/** `sequence-map` explains what the sequence model says; a bundle may lack it. */
const needed = ['slices-a', 'slices-b', 'sequence'] as const;

const six = z.array(z.number()).length(haemorrhageClasses.length);

/** System 002, two slice networks and a sequence model on head CT. */
export const ncctHaemorrhageManifest = z.strictObject({
  ...identity,
  pipeline: z.literal('ncct-haemorrhage'),
  task: z.literal('haemorrhage-detection'),
  modality: z.literal('CT'),
  accepts: z.strictObject(geometry),
  preprocessing: z.strictObject({
    units: z.literal('HU'),
    sliceOrder: z.literal('inferior-to-superior'),
    headPart: z.strictObject({
      extentMm: z.number().positive(),
      smallestSliceMm2: z.number().positive(),
      hu: z.number(),
    }),
    thinSlices: z.strictObject({
      belowMm: z.number().nonnegative(),
      slabMm: z.number().positive(),
      method: z.literal('mean'),
    }),
    centre: z.strictObject({ method: z.literal('mean-position-of-voxels-above'), hu: z.number() }),
    fieldMm: z.number().positive(),
    pixels: z.int().positive(),
    samplesPerAxis: z.int().positive(),
    interpolation: z.literal('linear'),
    outsideHu: z.number(),
    neighbours: z.literal('repeat-outermost'),
  }),
  classes: z.tuple(haemorrhageClasses.map((name) => z.literal(name)) as [z.ZodLiteral, ...z.ZodLiteral[]]),
  networks: z
    .array(
      z.strictObject({
        ...networkFile,
        role: z.enum([...needed, 'sequence-map']),
        inputs: z.array(z.string()),
        outputs: z.array(z.string()),
      }),
    )
    .refine((networks) => needed.every((role) => networks.some((network) => network.role === role)), {
      message: `${needed.join(', ')} must be there`,
    })
    .refine((networks) => new Set(networks.map(({ role }) => role)).size === networks.length, {
      message: 'a role is there twice',
    }),
  windowsHu: z.array(z.strictObject({ level: z.number(), width: z.number().positive() })),
  explanation: z.strictObject({
    output: z.literal('gradcampp'),
    method: z.string(),
    sequenceMethod: z.string().optional(),
    cells: z.int().positive(),
  }),
  calibration: z.strictObject({ method: z.literal('logistic'), slope: six, intercept: six }),
  scanScore: z.literal('maximum-over-slices'),
  operatingPoint: z.strictObject({
    thresholds: z.array(probability).length(haemorrhageClasses.length),
    chosenOn: z.string(),
  }),
  performance: measured,
  ...provenance,
});
