import { z } from 'zod';
import { readGolden, type BundleOf, type Engine } from '../../inference/index.ts';
import { farthest, goldenVolume, volumeForm } from '../golden-volume.ts';
import { prepare } from './prepare.ts';
import { readSlices } from './read.ts';

const form = z.looseObject({ ...volumeForm, probabilities: z.array(z.array(z.number())) });

/** How far the probabilities of the golden volume, read by `engine`, are from the kit's. */
export async function haemorrhageGolden(
  bundle: BundleOf<'ncct-haemorrhage'>,
  engine: Engine,
): Promise<number> {
  const { told, stored } = await readGolden(bundle, form);
  const prepared = prepare(goldenVolume(told, stored), bundle.manifest.preprocessing);
  const { probabilities } = await readSlices(prepared, bundle, engine);
  return farthest(probabilities, told.probabilities.flat());
}
