import { companionsOf } from './companions.ts';
import { buildHeatmap } from './heatmap.ts';
import { buildKeyObjects } from './key-objects.ts';
import { buildParametricMap } from './parametric-map.ts';
import { buildPresentationState } from './presentation-state.ts';
import { hasFrameOfReference } from './references.ts';
import { buildSegmentation } from './seg/index.ts';
import { findingSegments } from './seg/masks.ts';
import { buildReport } from './sr/index.ts';
import { buildSummary } from './summary.ts';
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
  if (kinds.includes('summary')) yield await buildSummary(input);
  for (const kind of reportKinds) if (kinds.includes(kind)) yield buildReport(input, kind, companions);
  const maps = input.output?.maps ?? null;
  if (kinds.includes('heatmap') && maps !== null && input.volume !== null)
    yield* buildHeatmap(input, input.volume, maps);
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
