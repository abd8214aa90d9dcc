import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { openAnalysisWorker } from '../analysis/index.ts';
import { WillisError } from '../errors.ts';
import {
  compare,
  evaluatePipeline,
  labelOf,
  parseEarlier,
  parseRatings,
  parseTruth,
  rankings,
  reportPage,
  truthInvalid,
  type CaseTruth,
  type EvaluatedCase,
  type Report,
} from '../evaluation/index.ts';
import { soughtKind } from '../findings/index.ts';
import { shippedBundles } from '../node.ts';
import { softwareVersion } from '../version.ts';
import { analyseCase, type CaseOutcome } from './evaluate-case.ts';
import { bundleServing } from './series-plan.ts';

interface Options {
  readonly truth: string;
  readonly out: string;
  readonly pipeline?: string;
  readonly also?: readonly string[];
  readonly bundles: string;
  readonly readers?: string;
  readonly against: readonly string[];
  readonly name?: string;
  readonly seed: string;
}

export function addEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description(
      'run the pipelines on labelled cases and write one report with every figure (docs/evaluation.md)',
    )
    .argument('<cases>', 'folder with one folder of DICOM files a case')
    .requiredOption('--truth <file>', 'what is in the cases: JSON or CSV')
    .requiredOption('--out <folder>', 'gets report.html and evaluation.json')
    .option('--pipeline <id>', 'run this pipeline whatever the rules say; left out: the shipped rules choose')
    .option('--also <id...>', 'further pipelines on the same series, each measured by itself')
    .option('--bundles <folder>', 'folder of bundles', shippedBundles)
    .option('--readers <file>', 'ratings of a reader study: CSV with reader, case, likert, positive')
    .option('--against <file...>', 'evaluation.json of earlier runs to compare with and to rank among', [])
    .option('--name <text>', 'name of this evaluation in the report and in later comparisons')
    .option('--seed <number>', 'of the bootstrap', '1')
    .action(evaluate);
}

async function evaluate(folder: string, options: Options): Promise<void> {
  const seed = Number(options.seed);
  if (!Number.isInteger(seed))
    throw new WillisError('SEED_INVALID', `--seed ${options.seed} is no whole number.`);
  const cases = parseTruth(await text(options.truth, 'TRUTH_INVALID'), path.basename(options.truth));
  const ratings =
    options.readers === undefined
      ? []
      : parseRatings(await text(options.readers, 'RATINGS_INVALID'), path.basename(options.readers));
  const earlier = await Promise.all(
    options.against.map(async (file) =>
      parseEarlier(await text(file, 'EVALUATION_INVALID'), path.basename(file)),
    ),
  );
  await refuseUnlabelled(folder, cases, options.truth);
  const outcomes = await analyseAll(folder, cases, options);
  const byPipeline = await groupByPipeline(cases, outcomes, options);
  const evaluations = byPipeline.map(({ pipeline, bundle, intendedUse, evaluated }) => {
    const kind = soughtKind({ pipeline });
    return evaluatePipeline({ pipeline, bundle, intendedUse, kind, cases: evaluated, ratings, seed });
  });
  const report: Report = {
    schemaVersion: 1,
    name: options.name ?? path.basename(path.resolve(folder)),
    softwareVersion,
    createdAt: new Date().toISOString(),
    pipelines: evaluations.map((one) => ({
      ...one,
      comparisons: earlier.map((then) => compare(one, then)).filter((found) => found !== null),
      rankings: rankings(one, earlier),
    })),
    leftOut: outcomes.flatMap((outcome) => outcome.left),
  };
  await mkdir(options.out, { recursive: true });
  await writeFile(path.join(options.out, 'evaluation.json'), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(path.join(options.out, 'report.html'), reportPage(report));
  process.stderr.write(`${path.join(options.out, 'report.html')} and evaluation.json are written\n`);
}

async function text(file: string, code: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new WillisError(code, `${file} cannot be read. Check the path.`, { cause });
  });
}

/** A case without a truth is no negative, and a truth without images no case: either stops the run. */
async function refuseUnlabelled(folder: string, cases: readonly CaseTruth[], file: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new WillisError('NO_INSTANCES', `${folder} cannot be read. Check the path.`, { cause });
  });
  const folders = new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
  const named = new Set(cases.map((one) => one.case));
  const missing = [...named].filter((name) => !folders.has(name));
  const unlabelled = [...folders].filter((name) => !named.has(name)).sort();
  const faults = [
    ...(missing.length === 0 ? [] : [`no folder of images for ${missing.join(', ')}`]),
    ...(unlabelled.length === 0 ? [] : [`no truth for the folders ${unlabelled.join(', ')}`]),
  ];
  if (faults.length > 0) throw truthInvalid(path.basename(file), faults.join('; '));
}

async function analyseAll(
  folder: string,
  cases: readonly CaseTruth[],
  options: Options,
): Promise<readonly CaseOutcome[]> {
  await using worker = openAnalysisWorker({ providers: ['cpu'], threads: 2 });
  const outcomes: CaseOutcome[] = [];
  for (const [index, truth] of cases.entries()) {
    const outcome = await analyseCase(truth, {
      worker,
      folder: path.join(folder, truth.case),
      truthFolder: path.dirname(options.truth),
      pipeline: options.pipeline,
      also: options.also,
      bundles: options.bundles,
    });
    outcomes.push(outcome);
    process.stderr.write(`${index + 1}/${cases.length} ${truth.case}: ${outcome.lines.join('; ')}\n`);
  }
  return outcomes;
}

interface Group {
  readonly pipeline: string;
  readonly bundle: Awaited<ReturnType<typeof bundleServing>>['identity'];
  readonly intendedUse: string;
  readonly evaluated: readonly EvaluatedCase[];
}

/** Each pipeline with the cases whose truth tells of what it looks for; one that took no series of a case did not analyse it. */
async function groupByPipeline(
  cases: readonly CaseTruth[],
  outcomes: readonly CaseOutcome[],
  options: Options,
): Promise<readonly Group[]> {
  const pipelines = [...new Set(outcomes.flatMap((outcome) => outcome.series.map((one) => one.pipeline)))];
  if (pipelines.length === 0) {
    const why = outcomes[0]?.left.join('; ') ?? '';
    throw new WillisError(
      'NO_RULE_MATCHED',
      `No series of any case is taken by a rule: ${why}. Name one with --pipeline.`,
    );
  }
  const groups: Group[] = [];
  for (const pipeline of pipelines.sort()) {
    const { identity, manifest } = await bundleServing(pipeline, options.bundles);
    const kind = soughtKind({ pipeline });
    const evaluated = cases.flatMap((truth, index) => {
      if (labelOf({ truth }, kind) === undefined) return [];
      return [evaluatedCase(truth, outcomes[index]!, pipeline)];
    });
    if (evaluated.length > 0)
      groups.push({ pipeline, bundle: identity, intendedUse: manifest.intendedUse, evaluated });
  }
  return groups;
}

function evaluatedCase(truth: CaseTruth, outcome: CaseOutcome, pipeline: string): EvaluatedCase {
  const own = outcome.series.filter((one) => one.pipeline === pipeline);
  if (own.length > 1) {
    const uids = own.map((one) => one.seriesInstanceUid).join(', ');
    throw truthInvalid(
      'file',
      `the case "${truth.case}" has ${own.length} series that ${pipeline} takes (${uids}); name one in "series"`,
    );
  }
  const common = { name: truth.case, patient: truth.patient ?? truth.case, truth };
  const [one] = own;
  if (one !== undefined) return { ...common, inputSha256: one.inputSha256, answer: one.answer };
  const reason = { code: 'NO_RULE_MATCHED', text: outcome.left.join('; ') };
  return { ...common, inputSha256: '', answer: { kind: 'not-analysed', reason } };
}
