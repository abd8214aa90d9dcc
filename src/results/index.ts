import { buildHeatmap } from './heatmap.ts';
import { buildReport } from './sr/index.ts';
import { buildSummary } from './summary.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

/** The results of one analysis, one object at a time; a heatmap only where the pipeline ran. */
export async function* buildResults(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  if (kinds.includes('summary')) yield await buildSummary(input);
  if (kinds.includes('sr')) yield buildReport(input);
  const maps = input.output?.maps ?? null;
  if (kinds.includes('heatmap') && maps !== null && input.volume !== null)
    yield* buildHeatmap(input, input.volume, maps);
}

export type { ResultInput, ResultInstance, ResultKind } from './types.ts';
