import type { AneurysmFinding, SeriesFindings } from '../../findings/index.ts';
import { describeSite, keyFrame, midsagittal, type Midsagittal } from '../../findings/index.ts';
import { findingThreshold, type BundleOf, type Engine } from '../../inference/index.ts';
import { seriesProblem } from '../acceptance.ts';
import { notAnalysed } from '../not-analysed.ts';
import type { PipelineInput, PipelineOutput } from '../types.ts';
import { classify, type Judged } from './classify.ts';
import { lookAtHead, vesselsMissing } from './head.ts';
import { explanationMaps } from './maps.ts';
import { proposePlaces } from './proposals.ts';
import { demotion } from './rules.ts';

/**
 * System 000: CT angiography. The paper's region of interest is drawn by hand; here a proposal stage finds it. Top-down: accept
 * -> head, bone and contrast-filled vessels -> blobs of any size in the vessels -> a 2.5-D crop about each -> ResNet-18
 * features, LASSO and logistic regression (one graph) -> probability, contributions, Grad-CAM. What looks like bone or vein
 * is demoted: no finding, but listed.
 */
export async function ctaResnet(
  input: PipelineInput,
  bundle: BundleOf<'cta-resnet'>,
  engine: Engine,
): Promise<PipelineOutput> {
  const { manifest } = bundle;
  const problem = seriesProblem(input, manifest, 'refused');
  if (problem !== null) return notAnalysed(input, bundle, problem);

  const started = performance.now();
  const head = lookAtHead(input.volume);
  const noVessels = vesselsMissing(head, manifest.id);
  if (noVessels !== null) return notAnalysed(input, bundle, noVessels);
  const places = proposePlaces(head);
  const preparedAt = performance.now();
  const judged = (await classify(places, input.volume, { bundle, engine }))
    .map((one) => ({ ...one, demoted: demotion(one, head) }))
    .sort((a, b) => b.probability - a.probability);
  const inferredAt = performance.now();
  const middle = midsagittal(head.volume, head.inside);

  return {
    findings: {
      seriesInstanceUid: input.seriesInstanceUid,
      pipeline: manifest.pipeline,
      bundle: bundle.identity,
      ...stateOf(judged, { input, middle, threshold: findingThreshold(manifest) }),
      timingsMs: {
        load: 0,
        preprocess: Math.round(preparedAt - started),
        inference: Math.round(inferredAt - preparedAt),
        results: 0,
      },
    },
    candidates: judged.map(({ probability, centreLpsMm, maxDiameterMm, volumeMm3, demoted }) => ({
      ...{ probability, centreLpsMm, maxDiameterMm, volumeMm3 },
      ...(demoted === null ? {} : { demoted }),
    })),
    image: head.vesselImage,
    midsagittal: middle,
    maps: explanationMaps(judged, input.volume, manifest),
    masks: [],
  };
}

type Demoted = Judged & { readonly demoted: 'bone' | 'vein' | null };
type State =
  | Pick<Extract<SeriesFindings, { state: 'findings' }>, 'state' | 'probability' | 'findings' | 'demoted'>
  | Pick<Extract<SeriesFindings, { state: 'no-findings' }>, 'state' | 'probability' | 'findings' | 'demoted'>;

function stateOf(
  judged: readonly Demoted[],
  { input, middle, threshold }: { input: PipelineInput; middle: Midsagittal; threshold: number },
): State {
  const standing = judged.filter(({ demoted }) => demoted === null);
  const probability = standing[0]?.probability ?? 0;
  const [first, ...rest] = standing
    .filter((one) => one.probability >= threshold)
    .map((one): AneurysmFinding => ({
      kind: 'aneurysm',
      probability: one.probability,
      centreLpsMm: one.centreLpsMm,
      maxDiameterMm: one.maxDiameterMm,
      volumeMm3: one.volumeMm3,
      site: describeSite(one.centreLpsMm, middle),
      contributions: one.contributions,
      ...keyFrame(one.centreLpsMm, input.frames),
    }));
  const demoted = judged.flatMap((one) =>
    one.demoted === null || one.probability < threshold
      ? []
      : [{ why: one.demoted, probability: one.probability, centreLpsMm: one.centreLpsMm }],
  );
  if (first === undefined) return { state: 'no-findings', probability, findings: [], demoted };
  return { state: 'findings', probability, findings: [first, ...rest], demoted };
}
