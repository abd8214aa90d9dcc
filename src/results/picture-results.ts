import { buildCine } from './cine.ts';
import { buildCurve } from './curve.ts';
import { buildHeatmap, buildMultiFrameHeatmap } from './heatmap.ts';
import { buildKeyViews } from './key-views.ts';
import { buildPdf } from './pdf.ts';
import { buildSummary } from './summary.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

/** The summaries among the wanted kinds: what a radiologist should see first. */
export async function* buildSummaries(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  for (const kind of kinds)
    if (kind === 'summary' || kind === 'summary-grey') yield* buildSummary(input, kind);
}

/** The other pictures and the document among the wanted kinds, those that the analysis gave something to show for. */
export async function* buildPictures(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  for (const kind of kinds) {
    if (kind === 'pdf') yield await buildPdf(input);
    else yield* voxelPictures(input, kind);
  }
}

/** Kinds that show what a pipeline computed: only where it ran. */
async function* voxelPictures(input: ResultInput, kind: ResultKind): AsyncIterable<ResultInstance> {
  const { volume, output } = input;
  if (volume === null || output === null) return;
  const { image, maps, sliceProbabilities = [] } = output;
  if (kind === 'key-views') yield* buildKeyViews(input);
  if (kind === 'cine' && image !== null) yield await buildCine(input, image);
  if (kind === 'curve' && sliceProbabilities.length > 0) yield await buildCurve(input, sliceProbabilities);
  if (maps === null) return;
  if (kind === 'heatmap' || kind === 'heatmap-grey') yield* buildHeatmap(input, volume, maps, kind);
  if (kind === 'heatmap-multiframe') yield await buildMultiFrameHeatmap(input, volume, maps);
}
