import { z } from 'zod';
import { readGolden, type BundleOf, type Engine } from '../../inference/index.ts';
import { farthest, goldenVolume, volumeForm } from '../golden-volume.ts';
import { extractArteries } from './arteries.ts';
import { channelsOf } from './channels.ts';
import { detect } from './coarse.ts';
import { outline } from './fine.ts';
import { lesionsOf } from './lesions.ts';

const form = z.looseObject({ ...volumeForm, marks: z.array(z.looseObject({ probability: z.number() })) });
/** The golden volume holds thousandths of the normalised image. */
const unit = 1 / 1000;

/** How far the lesions' probabilities in the golden volume, read by `engine`, are from the kit's. */
export async function coarseFineGolden(bundle: BundleOf<'tof-coarse-fine'>, engine: Engine): Promise<number> {
  const { manifest } = bundle;
  const { told, stored } = await readGolden(bundle, form);
  const volume = goldenVolume(told, stored, unit);
  const everywhere = new Uint8Array(volume.data.length).fill(1);
  const arteries = await extractArteries(volume, everywhere, { bundle, engine });
  const channels = channelsOf(volume, arteries, manifest.preprocessing.contour);
  const { centres, probability } = await detect(volume.size, channels, { bundle, engine });
  const data = await outline(volume.size, { channels, centres }, { bundle, engine });
  const falling = (marks: readonly { readonly probability: number }[]): number[] =>
    marks.map((mark) => mark.probability).sort((a, b) => b - a);
  return farthest(falling(lesionsOf({ ...volume, data }, probability, manifest)), falling(told.marks));
}
