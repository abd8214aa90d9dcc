import { buildPictures, buildSummaries } from './picture-results.ts';
import { buildReport } from './sr/index.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

/** The results of one analysis, one object at a time; a heatmap only where the pipeline ran. */
export async function* buildResults(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  yield* buildSummaries(input, kinds);
  if (kinds.includes('sr')) yield buildReport(input);
  yield* buildPictures(input, kinds);
}

export type { ResultInput, ResultInstance, ResultKind } from './types.ts';
