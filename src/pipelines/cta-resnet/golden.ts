import { z } from 'zod';
import { readGolden, type BundleOf, type Engine } from '../../inference/index.ts';
import type { Volume } from '../../volume/index.ts';
import { farthest, goldenVolume } from '../golden-volume.ts';
import { classify } from './classify.ts';

const form = z.looseObject({
  file: z.string(),
  /** Crop, slice, row, column. */
  shape: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  candidates: z.array(z.looseObject({ probability: z.number() })),
});

/** How far the probabilities of the golden crops, judged by `engine`, are from the kit's. */
export async function resnetGolden(bundle: BundleOf<'cta-resnet'>, engine: Engine): Promise<number> {
  const { told, stored } = await readGolden(bundle, form);
  const spacing = bundle.manifest.preprocessing.spacingMm;
  const [, ...shape] = told.shape;
  const count = shape.reduce((product, size) => product * size, 1);
  const found: number[] = [];
  for (let crop = 0; crop < told.shape[0]; crop += 1) {
    const volume = goldenVolume(
      { shape, spacingMm: [spacing, spacing, spacing] },
      stored.subarray(crop * count, (crop + 1) * count),
    );
    const [judged] = await classify([inTheMiddleOf(volume)], volume, { bundle, engine });
    found.push(judged!.probability);
  }
  return farthest(
    found,
    told.candidates.map(({ probability }) => probability),
  );
}

/** A crop is cut about its own middle again; radius and score of the place do not matter to the network. */
function inTheMiddleOf({ size, spacingMm }: Volume): Parameters<typeof classify>[0][number] {
  const centre = size.map((n, axis) => ((n - 1) / 2) * spacingMm[axis]!) as unknown as readonly [
    number,
    number,
    number,
  ];
  return { centreLpsMm: centre, voxel: [0, 0, 0], radiusMm: 1, score: 0 };
}
