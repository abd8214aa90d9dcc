import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { openAnalysisWorker, type AnalysisWorker, type SeriesOutcome } from '../analysis/index.ts';
import { parseConfig, resultKinds } from '../config/index.ts';
import { readInstance } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { listBundles } from '../inference/index.ts';
import { explain, inputIdentity, readTraits, type Rule } from '../intake/index.ts';
import { shippedBundles } from '../node.ts';
import { softwareVersion } from '../version.ts';
import { checkStack, frameGeometries } from '../volume/index.ts';
import { listInstances, type ListedInstance } from './instances.ts';

interface Options {
  readonly out: string;
  readonly pipeline?: string;
  readonly also?: readonly string[];
  readonly json?: string;
  readonly bundles: string;
  readonly providers: readonly ('cuda' | 'cpu')[];
  readonly results: readonly (typeof resultKinds)[number][];
}

export function addProcess(program: Command): void {
  program
    .command('process')
    .description('run the pipelines on DICOM files, without any network; one folder of results a series')
    .argument('<path...>', 'DICOM files or folders')
    .requiredOption('--out <folder>', 'where the results go')
    .option('--pipeline <id>', 'run this pipeline whatever the rules say; left out: the shipped rules choose')
    .option('--also <id...>', 'further pipelines on the same series: one report tells what each of them says')
    .option('--json <file>', 'write the findings as JSON, one object a series; - for standard output')
    .option('--bundles <folder>', 'folder of bundles', shippedBundles)
    .addOption(
      new Option('--providers <name...>', 'what runs the networks, the first that works')
        .choices(['cuda', 'cpu'])
        .default(['cpu']),
    )
    .addOption(
      new Option('--results <kind...>', 'the results to make')
        .choices(resultKinds)
        .default(['summary', 'heatmap', 'sr']),
    )
    .action(processPaths);
}

async function processPaths(paths: string[], options: Options): Promise<void> {
  const { instances } = await listInstances(paths);
  await using worker = openAnalysisWorker({ providers: options.providers, threads: 2 });
  await mkdir(options.out, { recursive: true });
  const findings: unknown[] = [];
  for (const series of groupBySeries(instances)) {
    const outcome = await processSeries(series, worker, options);
    process.stderr.write(`${outcome.line}\n`);
    if (outcome.findings !== null) findings.push(outcome.findings);
  }
  const json = `${JSON.stringify(findings, null, 2)}\n`;
  if (options.json === '-') process.stdout.write(json);
  else if (options.json !== undefined) await writeFile(options.json, json);
}

function groupBySeries(instances: readonly ListedInstance[]): readonly (readonly ListedInstance[])[] {
  return [...Map.groupBy(instances, (instance) => instance.seriesInstanceUid).values()];
}

interface Processed {
  readonly line: string;
  readonly findings: SeriesOutcome['findings'] | null;
}

async function processSeries(
  series: readonly ListedInstance[],
  worker: AnalysisWorker,
  options: Options,
): Promise<Processed> {
  const loaded = await Promise.all(series.map(async ({ path: file }) => readInstance(await readFile(file))));
  const frames = loaded.flatMap((one) =>
    frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes),
  );
  const traits = readTraits(loaded[0]!.attributes);
  const stack = checkStack(frames, traits.expectedCount ?? undefined);
  const name = `${traits.modality} ${traits.seriesDescription || 'without description'}, ${series.length} files`;
  const rule =
    options.pipeline === undefined
      ? shippedRules().find((one) => explain(one, traits, stack).matches)
      : { pipeline: options.pipeline, alsoPipelines: options.also };
  if (rule === undefined) {
    const lines = shippedRules().flatMap((one) =>
      explain(one, traits, stack).lines.filter((line) => !line.holds),
    );
    return {
      line: `${name}: taken by no rule (not ${lines.map((line) => `${line.condition}, found ${line.found}`).join('; not ')})`,
      findings: null,
    };
  }
  const folder = path.resolve(options.out, `${rule.pipeline}-${series[0]!.seriesInstanceUid}`);
  const outcome = await worker.run({
    paths: series.map((instance) => path.resolve(instance.path)),
    pipeline: rule.pipeline,
    bundleFolder: await bundleFor(rule.pipeline, options.bundles),
    also: await Promise.all(
      (rule.alsoPipelines ?? []).map(async (pipeline) => ({
        pipeline,
        bundleFolder: await bundleFor(pipeline, options.bundles),
      })),
    ),
    reason: stack.kind === 'not-a-stack' ? stack.reason : null,
    inputSha256: inputIdentity(
      frames.length > 0 ? frames : series.map((one) => ({ sourceSopInstanceUid: one.sopInstanceUid })),
    ),
    version: 1,
    supersedes: null,
    completeness: `${frames.length} slices in the given files`,
    kinds: options.results,
    folder,
    createdAtMs: Date.now(),
    softwareVersion,
  });
  return { line: `${name}: ${describe(outcome)} -> ${folder}`, findings: outcome.findings };
}

function shippedRules(): readonly Rule[] {
  return parseConfig({}, 'the default configuration').rules;
}

function describe({ findings }: SeriesOutcome): string {
  if (findings.state === 'not-analysed')
    return `not analysed (${findings.reason.code}: ${findings.reason.text})`;
  return findings.state === 'no-findings' ? 'no findings' : `${findings.findings.length} findings`;
}

async function bundleFor(pipeline: string, folder: string): Promise<string> {
  for (const entry of await listBundles(folder)) {
    if (entry.kind === 'bundle' && entry.bundle.manifest.pipeline === pipeline) return entry.bundle.folder;
  }
  throw new WillisError(
    'BUNDLE_MISSING',
    `No sound bundle serves the pipeline "${pipeline}". "willis bundles" shows what there is.`,
  );
}
