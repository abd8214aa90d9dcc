import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { AnalysisWorker, Evidence, SeriesOutcome } from '../analysis/index.ts';
import {
  activationOf,
  haemorrhageClasses,
  overlapWith,
  trueMask,
  truthInvalid,
  type Answer,
  type CaseTruth,
  type FoundAneurysm,
  type HaemorrhageClass,
  type SliceJudgement,
  type TrueMask,
} from '../evaluation/index.ts';
import { aneurysmsOf, siteInWords, type SeriesFindings } from '../findings/index.ts';
import { readNifti } from '../volume/index.ts';
import { listInstances } from './instances.ts';
import { bundleServing, groupBySeries, planSeries } from './series-plan.ts';

/** What the node said of the series of one case. */
export interface CaseOutcome {
  readonly series: readonly SeriesAnswer[];
  /** Series that no rule takes, and why. */
  readonly left: readonly string[];
  /** One a series, for people. */
  readonly lines: readonly string[];
}

interface SeriesAnswer {
  readonly pipeline: string;
  readonly seriesInstanceUid: string;
  readonly inputSha256: string;
  readonly answer: Answer;
}

interface Surroundings {
  readonly worker: AnalysisWorker;
  /** Of the case's images. */
  readonly folder: string;
  readonly truthFolder: string;
  readonly pipeline: string | undefined;
  readonly also: readonly string[] | undefined;
  readonly bundles: string;
}

/** Runs every series of a case that a pipeline takes. Throws TRUTH_INVALID where the named series or mask is not there. */
export async function analyseCase(truth: CaseTruth, around: Surroundings): Promise<CaseOutcome> {
  const { instances } = await listInstances([around.folder]);
  const all = groupBySeries(instances);
  const wanted = all.filter(
    (series) => truth.series === undefined || series[0]!.seriesInstanceUid === truth.series,
  );
  if (wanted.length === 0)
    throw truthInvalid('file', `the case "${truth.case}" has no series ${truth.series ?? ''}`);
  const mask = await readMask(truth, around.truthFolder);
  const outcome = { series: [] as SeriesAnswer[], left: [] as string[], lines: [] as string[] };
  for (const series of wanted) {
    const plan = await planSeries(series, around);
    if (plan.kind === 'left') {
      outcome.left.push(`${truth.case}, ${plan.name}: taken by no rule. ${plan.why}`);
      outcome.lines.push(`${plan.name}: taken by no rule`);
      continue;
    }
    // each by itself: a consolidated report would hide which of them found what
    for (const pipeline of [plan.pipeline, ...plan.also]) {
      const found = await runTask({ ...plan.task, pipeline }, around);
      outcome.series.push({
        pipeline,
        seriesInstanceUid: series[0]!.seriesInstanceUid,
        inputSha256: plan.task.inputSha256,
        answer: answerOf(found, mask),
      });
      outcome.lines.push(`${plan.name}, ${pipeline}: ${describe(found.findings)}`);
    }
  }
  return outcome;
}

async function runTask(
  task: Parameters<typeof withFolder>[0],
  { worker, bundles }: Surroundings,
): Promise<SeriesOutcome> {
  const bundleFolder = (await bundleServing(task.pipeline, bundles)).folder;
  const home = await mkdtemp(path.join(os.tmpdir(), 'willis-evaluate-'));
  try {
    return await worker.run(withFolder(task, bundleFolder, path.join(home, 'results')));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

type Taken = Extract<Awaited<ReturnType<typeof planSeries>>, { kind: 'taken' }>['task'];

/** No result is made: the evidence is what counts. */
function withFolder(task: Taken, bundleFolder: string, folder: string): Parameters<AnalysisWorker['run']>[0] {
  return { ...task, bundleFolder, folder, kinds: [], keepEvidence: true };
}

async function readMask(truth: CaseTruth, folder: string): Promise<TrueMask | null> {
  if (truth.mask === undefined) return null;
  const file = path.join(folder, truth.mask);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw truthInvalid(
      'file',
      `the mask ${truth.mask ?? ''} of "${truth.case}" cannot be read (${(cause as Error).message})`,
    );
  });
  return trueMask(readNifti(bytes), truth.treatedMaskValue);
}

function answerOf({ findings, evidence = null }: SeriesOutcome, mask: TrueMask | null): Answer {
  if (findings.state === 'not-analysed') return { kind: 'not-analysed', reason: findings.reason };
  const judged = evidence === null ? [] : slicesOf(evidence);
  const map = evidence?.map ?? null;
  const { load, preprocess, inference, results } = findings.timingsMs;
  return {
    kind: 'analysed',
    called: findings.state === 'findings',
    probability: findings.probability,
    scanScores: findings.scanScores ?? null,
    marks: (evidence?.candidates ?? [])
      // a rule took it back: no threshold would make it a finding
      .filter(({ demoted }) => demoted === undefined)
      .map(({ centreLpsMm, probability }) => ({ centreLpsMm, probability })),
    findings: foundIn(findings),
    calledSubtypes: findings.findings.flatMap((one) => (one.kind === 'haemorrhage' ? [one.subtype] : [])),
    classProbabilities: judged.length === 0 ? null : greatest(judged),
    slices: judged,
    overlap: mask === null ? null : overlapWith(mask, evidence?.segmented ?? null),
    activation: map === null ? null : activationOf(map, mask),
    milliseconds: load + preprocess + inference + results,
  };
}

function foundIn(findings: SeriesFindings): readonly FoundAneurysm[] {
  return aneurysmsOf(findings).map(({ centreLpsMm, probability, maxDiameterMm, site }) => ({
    ...{ centreLpsMm, probability, maxDiameterMm },
    site: siteInWords(site),
    side: site.laterality,
  }));
}

type Classes = Readonly<Record<HaemorrhageClass, number>>;

function slicesOf({ frames, sliceProbabilities }: Evidence): readonly SliceJudgement[] {
  // a pipeline that judges other classes, or some of them, has no word on the rest
  const told = haemorrhageClasses.every((name) => sliceProbabilities.some((one) => one.class === name));
  if (!told) return [];
  return frames.map(({ sopInstanceUid }, index) => ({
    sopInstanceUid,
    probabilities: classes((name) => sliceProbabilities.find((one) => one.class === name)!.values[index]!),
  }));
}

function greatest(slices: readonly SliceJudgement[]): Classes {
  return classes((name) => Math.max(...slices.map(({ probabilities }) => probabilities[name])));
}

function classes(of: (name: HaemorrhageClass) => number): Classes {
  return Object.fromEntries(haemorrhageClasses.map((name) => [name, of(name)])) as Classes;
}

function describe(findings: SeriesFindings): string {
  if (findings.state === 'not-analysed') return `not analysed (${findings.reason.code})`;
  return findings.state === 'no-findings' ? 'no findings' : `${findings.findings.length} findings`;
}
