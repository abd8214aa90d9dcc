import {
  leftOfMidlineMm,
  nameSite,
  type Finding,
  type Midsagittal,
  type PointLpsMm,
  type SeriesFindings,
} from '../findings/index.ts';
import { requireNumbers, type Engine, type SiteModel } from '../inference/index.ts';
import { sampleSlice, type Volume } from '../volume/index.ts';
import type { PipelineOutput } from './types.ts';

/**
 * The output with its aneurysms' arteries named: a crop of the image the pipeline saw, along the patient's axes, about each
 * centre -> site model -> named where it is sure. Without a model, and where no place was found, the output as it was.
 */
export async function withSites(
  output: PipelineOutput,
  model: SiteModel | null,
  engine: Engine,
): Promise<PipelineOutput> {
  const { findings, image, midsagittal } = output;
  if (model === null || image === null || midsagittal === undefined) return output;
  if (findings.state !== 'findings' || !findings.findings.some(({ kind }) => kind === 'aneurysm'))
    return output;
  const seen = { image, midsagittal };
  const { findings: all, ...rest } = findings;
  const [first, ...others] = all;
  const named: SeriesFindings = {
    ...rest,
    findings: [
      await withSite(first, seen, { model, engine }),
      ...(await Promise.all(others.map(async (one) => await withSite(one, seen, { model, engine })))),
    ],
    sitesBy: model.identity,
  };
  return { ...output, findings: named };
}

interface Seen {
  readonly image: Volume;
  readonly midsagittal: Midsagittal;
}

interface Namer {
  readonly model: SiteModel;
  readonly engine: Engine;
}

async function withSite(finding: Finding, seen: Seen, namer: Namer): Promise<Finding> {
  if (finding.kind !== 'aneurysm') return finding;
  const { centreLpsMm } = finding;
  const probabilities = await siteProbabilities(centreLpsMm, seen, namer);
  const { threshold } = namer.model.manifest.naming;
  const site = nameSite(probabilities, { centreLpsMm, midsagittal: seen.midsagittal }, threshold);
  return { ...finding, site };
}

/** One number a class of `siteClasses`, together 1. */
export async function siteProbabilities(
  centreLpsMm: PointLpsMm,
  { image, midsagittal }: Seen,
  { model, engine }: Namer,
): Promise<readonly number[]> {
  const { network, preprocessing } = model.manifest;
  const { samples } = preprocessing;
  const output = await engine.run(
    `${model.folder}/${network.file}`,
    [
      {
        name: network.crop,
        data: cropAbout(image, centreLpsMm, preprocessing),
        shape: [1, 1, samples, samples, samples],
      },
      { name: network.leftMm, data: Float32Array.of(leftOfMidlineMm(midsagittal, centreLpsMm)), shape: [1] },
    ],
    [network.output],
  );
  const probabilities = output[network.output]!;
  requireNumbers(probabilities);
  return [...probabilities];
}

/** `samples`^3 values along the patient's axes, `spacingMm` apart, the point in their middle; trilinear, 0 outside the image. */
function cropAbout(
  image: Volume,
  [x, y, z]: PointLpsMm,
  { samples, spacingMm }: SiteModel['manifest']['preprocessing'],
): Float32Array {
  const half = ((samples - 1) / 2) * spacingMm;
  const grid = {
    size: [samples, samples, samples],
    spacingMm: [spacingMm, spacingMm, spacingMm],
    originLpsMm: [x - half, y - half, z - half],
    directions: alongThePatient,
  } as const;
  const crop = new Float32Array(samples ** 3);
  for (let slice = 0; slice < samples; slice += 1)
    crop.set(sampleSlice(image, grid, slice), slice * samples ** 2);
  return crop;
}

const alongThePatient = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
] as const;
