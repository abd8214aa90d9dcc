import type { AneurysmFinding, SeriesFindings } from '../../findings/index.ts';
import { describeSite, keyFrame, midsagittal, type Midsagittal } from '../../findings/index.ts';
import { findingThreshold, type BundleOf, type Engine, type ManifestOf } from '../../inference/index.ts';
import { seriesProblem } from '../acceptance.ts';
import { notAnalysed } from '../not-analysed.ts';
import type { FindingMask, PipelineInput, PipelineOutput } from '../types.ts';
import { extractArteries } from './arteries.ts';
import { channelsOf } from './channels.ts';
import { detect } from './coarse.ts';
import { deepInside } from './deep.ts';
import { lesionsOf, type Lesion } from './lesions.ts';
import { outline } from './fine.ts';
import { headMissing, prepare, type Prepared } from './prepare.ts';

/**
 * System 003: TOF-MRA, coarse to fine. Its figure, top-down: accept -> 0.5 mm grid -> normalise -> artery extraction deep in the head -> z-scored
 * vessel image and Sobel contour of the dilated arteries -> DeepMedic in tiles -> components, a 64^3 volume of interest each ->
 * dual-channel SE 3-D U-Net -> outlines pasted back -> lesions with volume and largest diameter, and their masks.
 */
export async function tofCoarseFine(
  input: PipelineInput,
  bundle: BundleOf<'tof-coarse-fine'>,
  engine: Engine,
): Promise<PipelineOutput> {
  const { manifest } = bundle;
  const problem = seriesProblem(input, manifest, 'refused');
  if (problem !== null) return notAnalysed(input, bundle, problem);

  const started = performance.now();
  const prepared = prepare(input.volume, manifest.preprocessing);
  const noHead = headMissing(prepared, manifest);
  if (noHead !== null) return notAnalysed(input, bundle, noHead);
  const preparedAt = performance.now();
  const arteries = await extractArteries(prepared.image, deepInside(prepared), { bundle, engine });
  const channels = channelsOf(prepared.image, arteries, manifest.preprocessing.contour);
  const detected = await detect(prepared.image.size, channels, { bundle, engine });
  const outlined = await outline(
    prepared.image.size,
    { channels, centres: detected.centres },
    { bundle, engine },
  );
  const lesions = lesionsOf({ ...prepared.image, data: outlined }, detected.probability, manifest);
  const inferredAt = performance.now();

  const threshold = findingThreshold(manifest);
  const found = lesions.filter(({ probability }) => probability >= threshold);
  const probability = { ...prepared.image, data: outlined };
  const middle = midsagittal(prepared.head.volume, prepared.head.mask);
  return {
    findings: {
      seriesInstanceUid: input.seriesInstanceUid,
      pipeline: manifest.pipeline,
      bundle: bundle.identity,
      ...stateOf(found, lesions, { input, middle, manifest }),
      timingsMs: {
        load: 0,
        preprocess: Math.round(preparedAt - started),
        inference: Math.round(inferredAt - preparedAt),
        results: 0,
      },
    },
    candidates: lesions.map(({ voxels: _voxels, ...candidate }) => candidate),
    image: prepared.image,
    midsagittal: middle,
    maps: {
      probability,
      patchProbability: { ...prepared.image, data: detected.probability },
      evidence: probability,
    },
    masks: found.map((lesion, finding) => maskOf(lesion, finding, prepared)),
  };
}

type State =
  | Pick<Extract<SeriesFindings, { state: 'findings' }>, 'state' | 'probability' | 'findings'>
  | Pick<Extract<SeriesFindings, { state: 'no-findings' }>, 'state' | 'probability' | 'findings'>;

function stateOf(
  found: readonly Lesion[],
  lesions: readonly Lesion[],
  {
    input,
    middle,
    manifest,
  }: { input: PipelineInput; middle: Midsagittal; manifest: ManifestOf<'tof-coarse-fine'> },
): State {
  const { scanProbabilityWhenNoCandidate } = manifest.calibration;
  const probability = lesions[0]?.probability ?? scanProbabilityWhenNoCandidate;
  const [first, ...rest] = found.map(({ voxels: _voxels, ...lesion }): AneurysmFinding => ({
    kind: 'aneurysm',
    ...lesion,
    site: describeSite(lesion.centreLpsMm, middle),
    ...keyFrame(lesion.centreLpsMm, input.frames),
  }));
  if (first === undefined) return { state: 'no-findings', probability, findings: [] };
  return { state: 'findings', probability, findings: [first, ...rest] };
}

function maskOf({ voxels }: Lesion, finding: number, { image }: Prepared): FindingMask {
  const { data, ...grid } = image;
  const inside = new Uint8Array(data.length);
  for (const voxel of voxels) inside[voxel] = 1;
  return { finding, grid, inside };
}
