import { WillisError } from '../errors.ts';
import type { Bundle, Engine } from '../inference/index.ts';
import { tofPatch } from './tof-patch/index.ts';
import type { PipelineInput, PipelineOutput } from './types.ts';

type Pipeline = (input: PipelineInput, bundle: Bundle, engine: Engine) => Promise<PipelineOutput>;

const pipelines: Readonly<Record<string, Pipeline>> = { 'tof-patch': tofPatch };

/** Runs a pipeline by its id; throws PIPELINE_UNKNOWN. */
export async function runPipeline(
  id: string,
  input: PipelineInput,
  bundle: Bundle,
  engine: Engine,
): Promise<PipelineOutput> {
  const pipeline = pipelines[id];
  if (pipeline !== undefined) return await pipeline(input, bundle, engine);
  const known = Object.keys(pipelines).join(', ');
  throw new WillisError('PIPELINE_UNKNOWN', `There is no pipeline "${id}". This version has: ${known}.`);
}

export type {
  Candidate,
  FindingMask,
  PipelineInput,
  PipelineMaps,
  PipelineOutput,
  SliceProbabilities,
} from './types.ts';
