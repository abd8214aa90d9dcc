import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { openAnalysisWorker, type AnalysisWorker, type SeriesOutcome } from '../analysis/index.ts';
import { resultKinds } from '../config/index.ts';
import { shippedBundles } from '../node.ts';
import { listInstances, type ListedInstance } from './instances.ts';
import { bundleServing, groupBySeries, planSeries } from './series-plan.ts';

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

interface Processed {
  readonly line: string;
  readonly findings: SeriesOutcome['findings'] | null;
}

async function processSeries(
  series: readonly ListedInstance[],
  worker: AnalysisWorker,
  options: Options,
): Promise<Processed> {
  const plan = await planSeries(series, options);
  if (plan.kind === 'left') return { line: `${plan.name}: taken by no rule. ${plan.why}`, findings: null };
  const { name, pipeline } = plan;
  const folder = path.resolve(options.out, `${pipeline}-${series[0]!.seriesInstanceUid}`);
  const bundleFolder = (await bundleServing(pipeline, options.bundles)).folder;
  const also = await Promise.all(
    plan.also.map(async (id) => ({
      pipeline: id,
      bundleFolder: (await bundleServing(id, options.bundles)).folder,
    })),
  );
  const outcome = await worker.run({ ...plan.task, bundleFolder, also, kinds: options.results, folder });
  return { line: `${name}: ${describe(outcome)} -> ${folder}`, findings: outcome.findings };
}

function describe({ findings }: SeriesOutcome): string {
  if (findings.state === 'not-analysed')
    return `not analysed (${findings.reason.code}: ${findings.reason.text})`;
  return findings.state === 'no-findings' ? 'no findings' : `${findings.findings.length} findings`;
}
