import { WillisError } from '../errors.ts';
import { bundleFor, type Bundle, type Engine, type PipelineId } from '../inference/index.ts';
import { ctaResnet } from './cta-resnet/index.ts';
import { ncctHaemorrhage } from './ncct-haemorrhage/index.ts';
import { tofCoarseFine } from './tof-coarse-fine/index.ts';
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

/** Runs a pipeline by its id with a bundle made for it; throws PIPELINE_UNKNOWN. */
export async function runPipeline(
  id: string,
  input: PipelineInput,
  bundle: Bundle,
  engine: Engine,
): Promise<PipelineOutput> {
  const pipeline = (pipelines as Readonly<Record<string, Pipeline | undefined>>)[id];
  if (pipeline !== undefined) return await pipeline(input, bundle, engine);
  const known = Object.keys(pipelines).join(', ');
  throw new WillisError('PIPELINE_UNKNOWN', `There is no pipeline "${id}". This version has: ${known}.`);
}

export { headImage } from './head-image.ts';
export type {
  Candidate,
  FindingMask,
  PipelineInput,
  PipelineMaps,
  PipelineOutput,
  SliceProbabilities,
} from './types.ts';
