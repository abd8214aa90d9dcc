import { companionsOf } from './companions.ts';
import { buildKeyObjects } from './key-objects.ts';
import { buildParametricMap } from './parametric-map.ts';
import { buildPictures, buildSummaries } from './picture-results.ts';
import { buildPresentationState } from './presentation-state.ts';
import { hasFrameOfReference } from './references.ts';
import { buildSegmentation } from './seg/index.ts';
import { findingSegments } from './seg/masks.ts';
import { buildReport } from './sr/index.ts';
import type { ReportKind, ResultInput, ResultInstance, ResultKind } from './types.ts';

const reportKinds: readonly ReportKind[] = ['sr', 'sr-comprehensive', 'sr-basic-text'];

/**
 * The results of one analysis, one object at a time. A summary and a report always; maps only where the pipeline ran, marks
 * and masks only where something was found.
 */
export async function* buildResults(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  const segments = kinds.includes('seg') ? findingSegments(input) : [];
  const companions = companionsOf(input, kinds, segments);
  yield* buildSummaries(input, kinds);
  for (const kind of reportKinds) if (kinds.includes(kind)) yield buildReport(input, kind, companions);
  yield* buildPictures(input, kinds);
  const maps = input.output?.maps ?? null;
  if (input.volume !== null && segments.length > 0) yield buildSegmentation(input, input.volume, segments);
  if (
    kinds.includes('parametric-map') &&
    maps !== null &&
    input.volume !== null &&
    hasFrameOfReference(input)
  )
    yield buildParametricMap(input, input.volume, maps.probability);
  if (input.findings.state !== 'findings') return;
  if (kinds.includes('kos')) yield buildKeyObjects(input);
  if (kinds.includes('presentation-state')) yield buildPresentationState(input);
}

export type { ReportKind, ReportReference, ResultInput, ResultInstance, ResultKind } from './types.ts';
export type { Language } from './language/index.ts';
export { findingSegments } from './seg/masks.ts';
