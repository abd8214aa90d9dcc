import type { SeriesFindings } from '../../findings/index.ts';
import type { BundleOf, Engine } from '../../inference/index.ts';
import { seriesProblem } from '../acceptance.ts';
import { notAnalysed } from '../not-analysed.ts';
import type { PipelineInput, PipelineOutput } from '../types.ts';
import { contrastProblem, headCutOff, headProblem, unitsProblem } from './accept.ts';
import { conclude } from './conclude.ts';
import { explanationMaps } from './maps.ts';
import { prepare, type Prepared } from './prepare.ts';
import { readSlices } from './read.ts';

/**
 * System 002: head CT without contrast. Its figure, top-down: accept -> head part -> slabs -> a square about the head -> CNN A (three
 * windows of a slice) and CNN B (three slices in the brain window) -> sequence model over all slices -> calibrated
 * probabilities of six classes a slice -> findings, triage and Grad-CAM++ of the slices. A tilted gantry's slices are read as
 * they are: each is cut about the head, and every place is computed on the sheared grid, so that no voxel is interpolated
 * between planes.
 */
export async function ncctHaemorrhage(
  input: PipelineInput,
  bundle: BundleOf<'ncct-haemorrhage'>,
  engine: Engine,
): Promise<PipelineOutput> {
  const { manifest } = bundle;
  const problem =
    contrastProblem(input, manifest) ?? seriesProblem(input, manifest, 'read') ?? unitsProblem(input);
  if (problem !== null) return notAnalysed(input, bundle, problem);

  const started = performance.now();
  const prepared = prepare(input.volume, manifest.preprocessing);
  const noHead = headProblem(prepared, manifest) ?? headCutOff(prepared, manifest);
  if (noHead !== null) return notAnalysed(input, bundle, noHead);
  const preparedAt = performance.now();
  const reading = await readSlices(prepared, bundle, engine);
  const concluded = conclude(input, prepared, reading, manifest);
  const inferredAt = performance.now();

  return {
    findings: {
      seriesInstanceUid: input.seriesInstanceUid,
      pipeline: manifest.pipeline,
      bundle: bundle.identity,
      ...concluded.state,
      ...unreadSlices(input, prepared),
      timingsMs: {
        load: 0,
        preprocess: Math.round(preparedAt - started),
        inference: Math.round(inferredAt - preparedAt),
        results: 0,
      },
    },
    candidates: [],
    image: null,
    maps: explanationMaps(prepared, reading, manifest),
    sliceProbabilities: concluded.sliceProbabilities,
  };
}

/** Of a series that goes on below the head. */
function unreadSlices({ frames }: PipelineInput, { grid }: Prepared): Pick<SeriesFindings, 'slicesRead'> {
  const read = grid.size[2];
  return read === frames.length ? {} : { slicesRead: { read, of: frames.length } };
}
