import { WillisError } from '../errors.ts';
import { bundleFor, type Bundle, type Engine, type PipelineId } from '../inference/index.ts';
import { resnetGolden } from './cta-resnet/golden.ts';
import { ctaResnet } from './cta-resnet/index.ts';
import { haemorrhageGolden } from './ncct-haemorrhage/golden.ts';
import { ncctHaemorrhage } from './ncct-haemorrhage/index.ts';
import { withSites } from './sites.ts';
import { coarseFineGolden } from './tof-coarse-fine/golden.ts';
import { tofCoarseFine } from './tof-coarse-fine/index.ts';
import { patchGolden } from './tof-patch/golden.ts';
import { tofPatch } from './tof-patch/index.ts';
import type { PipelineInput, PipelineOutput } from './types.ts';

type Pipeline = (input: PipelineInput, bundle: Bundle, engine: Engine) => Promise<PipelineOutput>;

const pipelines: Readonly<Record<PipelineId, Pipeline>> = {
  'tof-patch': async (input, bundle, engine) => await tofPatch(input, bundleFor(bundle, 'tof-patch'), engine),
  'tof-coarse-fine': async (input, bundle, engine) =>
    await tofCoarseFine(input, bundleFor(bundle, 'tof-coarse-fine'), engine),
  'ncct-haemorrhage': async (input, bundle, engine) =>
    await ncctHaemorrhage(input, bundleFor(bundle, 'ncct-haemorrhage'), engine),
  'cta-resnet': async (input, bundle, engine) =>
    await ctaResnet(input, bundleFor(bundle, 'cta-resnet'), engine),
};

/** Runs a pipeline by its id with a bundle made for it, and names the arteries of what it found; throws PIPELINE_UNKNOWN. */
export async function runPipeline(
  id: string,
  input: PipelineInput,
  bundle: Bundle,
  engine: Engine,
): Promise<PipelineOutput> {
  const pipeline = (pipelines as Readonly<Record<string, Pipeline | undefined>>)[id];
  if (pipeline !== undefined)
    return await withSites(await pipeline(input, bundle, engine), input.helpers?.siteModel ?? null, engine);
  const known = Object.keys(pipelines).join(', ');
  throw new WillisError('PIPELINE_UNKNOWN', `There is no pipeline "${id}". This version has: ${known}.`);
}

/** The largest difference between the kit's probabilities of the golden vectors and those that `engine` gives. Throws BUNDLE_INVALID. */
export async function goldenDifference(bundle: Bundle, engine: Engine): Promise<number> {
  switch (bundle.manifest.pipeline) {
    case 'tof-patch':
      return await patchGolden(bundleFor(bundle, 'tof-patch'), engine);
    case 'tof-coarse-fine':
      return await coarseFineGolden(bundleFor(bundle, 'tof-coarse-fine'), engine);
    case 'ncct-haemorrhage':
      return await haemorrhageGolden(bundleFor(bundle, 'ncct-haemorrhage'), engine);
    case 'cta-resnet':
      return await resnetGolden(bundleFor(bundle, 'cta-resnet'), engine);
  }
}

export { headImage } from './head-image.ts';
export { notAnalysed } from './not-analysed.ts';
export type {
  Candidate,
  FindingMask,
  PipelineInput,
  PipelineMaps,
  PipelineOutput,
  SliceProbabilities,
} from './types.ts';
