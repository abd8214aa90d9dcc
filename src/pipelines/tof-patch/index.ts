import type { SeriesFindings } from '../../findings/index.ts';
import { describeSite, keyFrame, midsagittal, type Midsagittal } from '../../findings/index.ts';
import { densePatchLogits, evaluateDense, type BundleOf, type Engine } from '../../inference/index.ts';
import { maxOverCoveringWindows } from '../../volume/index.ts';
import { seriesProblem } from '../acceptance.ts';
import { notAnalysed } from '../not-analysed.ts';
import { headDistance, mmOutside, type HeadDistance } from '../head-distance/index.ts';
import type { Candidate, PipelineInput, PipelineOutput } from '../types.ts';
import { headMissing } from './accept.ts';
import { findCandidates, likeliest } from './candidates.ts';
import { prepare, type Prepared } from './prepare.ts';
import { scanScores } from './scan-scores.ts';

/**
 * System 001: TOF-MRA, Tiny 3D U-Net patch classifier. Its figure, top-down: accept -> 1 mm grid -> head mask -> normalise ->
 * network at every voxel -> patch logits -> candidates -> those far from the brain demoted -> findings. N4 bias correction comes
 * behind the mask where the bundle was trained so (`preprocessing.biasCorrection`; the shipped one was not). The skull strip takes
 * back and cuts nothing away: the network was trained on whole heads, and a mask can be wrong.
 */
export async function tofPatch(
  input: PipelineInput,
  bundle: BundleOf<'tof-patch'>,
  engine: Engine,
): Promise<PipelineOutput> {
  const problem = seriesProblem(input, bundle.manifest, 'refused');
  if (problem !== null) return notAnalysed(input, bundle, problem);

  const started = performance.now();
  const prepared = prepare(input.volume, bundle.manifest.preprocessing);
  const headProblem = headMissing(prepared, bundle.manifest);
  if (headProblem !== null) return { ...notAnalysed(input, bundle, headProblem), image: prepared.image };
  const head = await lookForHead(prepared, { input, bundle, engine });
  const preparedAt = performance.now();
  const fields = await evaluateDense(engine, bundle, prepared.image);
  const patchLogit = densePatchLogits(fields, prepared.image.size, bundle.manifest.network.patchSize);
  const found = findCandidates({ ...fields, patchLogit }, prepared, bundle.manifest).map((one) =>
    head !== null && mmOutside(head, one.centreLpsMm) !== null
      ? { ...one, demoted: 'outside-head' as const }
      : one,
  );
  const candidates = likeliest(found, bundle.manifest.candidates.maxCandidates);
  const inferredAt = performance.now();
  const middle = midsagittal(prepared.image, prepared.mask);
  const maps = mapsOf({ ...fields, patchLogit }, prepared, bundle.manifest.network.patchSize);

  return {
    findings: {
      seriesInstanceUid: input.seriesInstanceUid,
      pipeline: 'tof-patch',
      bundle: bundle.identity,
      ...stateOf(candidates, input, middle, bundle),
      ...(head === null ? {} : { headMask: head.note }),
      scanScores: scanScores(maps.patchProbability.data, prepared.mask),
      timingsMs: {
        load: 0,
        preprocess: Math.round(preparedAt - started),
        inference: Math.round(inferredAt - preparedAt),
        results: 0,
      },
    },
    candidates,
    image: prepared.image,
    midsagittal: middle,
    maps,
  };
}

/** Null where the bundle asks for no such rule. */
async function lookForHead(
  { grey, mask }: Prepared,
  { input, bundle, engine }: { input: PipelineInput; bundle: BundleOf<'tof-patch'>; engine: Engine },
): Promise<HeadDistance | null> {
  const { farthestFromBrainMm } = bundle.manifest.candidates;
  if (farthestFromBrainMm === undefined) return null;
  const model = input.helpers?.headModel ?? null;
  return await headDistance({ grey, head: mask }, farthestFromBrainMm, { model, engine });
}

type State =
  | Pick<Extract<SeriesFindings, { state: 'findings' }>, 'state' | 'probability' | 'findings' | 'demoted'>
  | Pick<Extract<SeriesFindings, { state: 'no-findings' }>, 'state' | 'probability' | 'findings' | 'demoted'>;

function stateOf(
  candidates: readonly Candidate[],
  input: PipelineInput,
  middle: Midsagittal,
  bundle: BundleOf<'tof-patch'>,
): State {
  const { operatingPoint, calibration } = bundle.manifest;
  const above = candidates.filter(({ probability }) => probability >= operatingPoint.findingThreshold);
  const demoted = above.flatMap(({ demoted: why, probability, centreLpsMm }) =>
    why === undefined ? [] : [{ why, probability, centreLpsMm }],
  );
  const told = demoted.length === 0 ? {} : { demoted };
  const standing = candidates.filter((candidate) => candidate.demoted === undefined);
  const probability = standing[0]?.probability ?? calibration.scanProbabilityWhenNoCandidate;
  const [first, ...rest] = above
    .filter((candidate) => candidate.demoted === undefined)
    .map((candidate) => ({
      kind: 'aneurysm' as const,
      ...candidate,
      site: describeSite(candidate.centreLpsMm, middle),
      ...keyFrame(candidate.centreLpsMm, input.frames),
    }));
  if (first === undefined) return { state: 'no-findings', probability, findings: [], ...told };
  return { state: 'findings', probability, findings: [first, ...rest], ...told };
}

function mapsOf(
  fields: { localisationLogit: Float32Array; evidence: Float32Array; patchLogit: Float32Array },
  prepared: Prepared,
  patchSize: number,
) {
  const grid = prepared.image;
  const covering = maxOverCoveringWindows(fields.patchLogit, grid.size, patchSize);
  return {
    probability: {
      ...grid,
      data: fields.localisationLogit.map((logit, index) => (prepared.mask[index] === 1 ? sigmoid(logit) : 0)),
    },
    patchProbability: { ...grid, data: covering.map(sigmoid) },
    evidence: { ...grid, data: fields.evidence },
  };
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
