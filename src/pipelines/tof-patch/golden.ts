import { z } from 'zod';
import {
  densePatchLogits,
  evaluateDense,
  readGolden,
  type BundleOf,
  type Engine,
} from '../../inference/index.ts';
import { farthest, goldenVolume, volumeForm } from '../golden-volume.ts';
import { findCandidates, likeliest } from './candidates.ts';
import { prepare } from './prepare.ts';

const form = z.looseObject({ ...volumeForm, candidates: z.array(z.object({ probability: z.number() })) });

/** How far the candidates' probabilities in the golden volume, read by `engine`, are from the kit's. */
export async function patchGolden(bundle: BundleOf<'tof-patch'>, engine: Engine): Promise<number> {
  const { manifest } = bundle;
  const { told, stored } = await readGolden(bundle, form);
  const prepared = prepare(goldenVolume(told, stored), manifest.preprocessing);
  const fields = await evaluateDense(engine, bundle, prepared.image);
  const patchLogit = densePatchLogits(fields, prepared.image.size, manifest.network.patchSize);
  const found = findCandidates({ ...fields, patchLogit }, prepared, manifest);
  const candidates = likeliest(found, manifest.candidates.maxCandidates);
  return farthest(
    candidates.map(({ probability }) => probability),
    told.candidates.map(({ probability }) => probability),
  );
}
