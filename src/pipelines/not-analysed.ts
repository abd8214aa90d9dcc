import type { Reason } from '../findings/index.ts';
import type { Bundle } from '../inference/index.ts';
import type { PipelineInput, PipelineOutput } from './types.ts';

/** The outcome of a pipeline that must not read the series. */
export function notAnalysed(
  input: PipelineInput,
  bundle: Pick<Bundle, 'manifest' | 'identity'>,
  reason: Reason,
): PipelineOutput {
  return {
    findings: {
      seriesInstanceUid: input.seriesInstanceUid,
      pipeline: bundle.manifest.pipeline,
      bundle: bundle.identity,
      state: 'not-analysed',
      reason,
      findings: [],
      timingsMs: { load: 0, preprocess: 0, inference: 0, results: 0 },
    },
    candidates: [],
    image: null,
    maps: null,
  };
}
