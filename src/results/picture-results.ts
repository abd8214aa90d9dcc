import { buildCine } from './cine.ts';
import { buildHeatmap, buildMultiFrameHeatmap } from './heatmap.ts';
import { buildSummary } from './summary.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

/** The pictures and documents among the wanted kinds, those that the analysis gave something to show for. */
export async function* buildPictures(
  input: ResultInput,
  kinds: readonly ResultKind[],
): AsyncIterable<ResultInstance> {
  for (const kind of kinds) {
    if (kind === 'summary' || kind === 'summary-grey') yield* buildSummary(input, kind);
    yield* pixelResults(input, kind);
  }
}

/** Kinds that show voxels: only where a pipeline ran. */
async function* pixelResults(input: ResultInput, kind: ResultKind): AsyncIterable<ResultInstance> {
  const { volume, output } = input;
  if (volume === null || output === null) return;
  if (kind === 'cine' && output.image !== null) yield await buildCine(input, output.image);
  if (output.maps === null) return;
  if (kind === 'heatmap' || kind === 'heatmap-grey')
    yield* buildHeatmap(input, volume, output.maps, kind);
  if (kind === 'heatmap-multiframe') yield await buildMultiFrameHeatmap(input, volume, output.maps);
}
