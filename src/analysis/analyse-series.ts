import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { publishFolder } from '../archive/index.ts';
import { part10Header, readInstance, readInstanceHeader, type Instance } from '../dicom/index.ts';
import { WillisError, describeError } from '../errors.ts';
import { consolidate, type Reason, type SeriesFindings } from '../findings/index.ts';
import {
  findingThreshold,
  loadBundle,
  loadHelperModels,
  withParameters,
  type Bundle,
  type Engine,
  type HelperModels,
} from '../inference/index.ts';
import { notAnalysed, runPipeline, type PipelineInput, type PipelineOutput } from '../pipelines/index.ts';
import { buildResults, type ResultInput, type ResultInstance } from '../results/index.ts';
import { frameGeometries, loadVolume, toLpsOrientation, type LoadedSeries } from '../volume/index.ts';
import { withComparison } from './compare.ts';
import { evidenceOf } from './evidence.ts';
import { writeMap } from './map-file.ts';
import { mixedSeries } from './mixed-series.ts';
import { writeSlices } from './slices-file.ts';
import type { BundleCard, SeriesOutcome, SeriesTask, WrittenResult } from './task.ts';

/** Codes of errors that say something about the series, not about the node: they end as "not analysed", with that reason. */
const seriesFaults: ReadonlySet<string> = new Set([
  'TRANSFER_SYNTAX_NOT_DECODABLE',
  'PIXEL_DATA_INVALID',
  'DICOM_UNREADABLE',
  'VOLUME_NOT_LOADABLE',
  'NO_GEOMETRY',
  'RESCALE_INVALID',
  'MODEL_OUTPUT_INVALID',
]);

/**
 * From instance files to findings and result files: load, run the pipeline, write the results into the task's folder. Of images
 * of several patients or studies no result is written.
 */
export async function analyseSeries(asked: SeriesTask, engine: Engine): Promise<SeriesOutcome> {
  const card = asked.card ?? withParameters(await loadBundle(asked.bundleFolder), asked.parameters ?? {});
  const started = performance.now();
  const { instances, fault } = await readAll(asked);
  const mixed = mixedSeries(instances);
  const task: SeriesTask = mixed === null ? asked : { ...asked, reason: mixed, kinds: [] };
  const input = { card, engine, instances, started };
  const reason = task.reason ?? fault;
  const analysed =
    reason === null ? await analyseInstances(task, input) : withoutAnalysis(task, input, reason);
  const finished = performance.now();
  const told = resultInput(task, instances, analysed);
  const results = await writeResults(task, told);
  const evidence = task.keepEvidence === true ? { evidence: evidenceOf(told) } : {};
  const timingsMs = { ...analysed.findings.timingsMs, results: Math.round(performance.now() - finished) };
  return { findings: { ...analysed.findings, timingsMs }, results, provider: engine.provider, ...evidence };
}

interface Ran {
  readonly bundle: BundleCard;
  readonly output: PipelineOutput;
}

/**
 * One after the other: each has the whole machine. The failure of one is told beside what the others found; where they found nothing
 * it is thrown, since a negative would rest on a pipeline that should have looked and did not.
 */
async function runAll(
  task: SeriesTask,
  series: PipelineInput,
  { card, engine }: Pick<Input, 'card' | 'engine'>,
): Promise<readonly [Ran, ...Ran[]]> {
  const failures: unknown[] = [];
  const run = async (pipeline: string, of: BundleCard | undefined, folder: string): Promise<Ran> => {
    let bundle = of;
    try {
      const sound = bundle !== undefined && isLoaded(bundle) ? bundle : await loadBundle(folder);
      bundle = sound;
      return { bundle, output: await runPipeline(pipeline, series, sound, engine) };
    } catch (error) {
      if (bundle === undefined) throw error;
      failures.push(error);
      return { bundle, output: notAnalysed(series, bundle, failureOf(error)) };
    }
  };
  const ran: [Ran, ...Ran[]] = [await run(task.pipeline, card, task.bundleFolder)];
  for (const { pipeline, card: other, bundleFolder } of task.also ?? [])
    ran.push(await run(pipeline, other, bundleFolder));
  if (failures.length > 0 && !ran.some(({ output }) => output.findings.state === 'findings'))
    throw failures[0];
  return ran;
}

function isLoaded(card: BundleCard): card is Bundle {
  return 'folder' in card;
}

function failureOf(error: unknown): Reason {
  if (error instanceof WillisError) return { code: error.code, text: error.message };
  return { code: 'ANALYSIS_FAILED', text: `The pipeline failed: ${describeError(error)}` };
}

function consolidated(all: readonly [Ran, ...Ran[]]): SeriesFindings {
  const [first, ...rest] = all;
  if (rest.length === 0) return judged(first);
  return consolidate([judged(first), ...rest.map(judged)]);
}

/** With the operating point that the bundle was run at. */
function judged({ bundle, output }: Ran): SeriesFindings {
  return { ...output.findings, findingThreshold: findingThreshold(bundle.manifest) };
}

/** Whose maps and card the results show: the first that analysed the series, as `consolidate` has it. */
function leading(all: readonly [Ran, ...Ran[]]): Ran {
  return all.find(({ output }) => output.findings.state !== 'not-analysed') ?? all[0];
}

interface Analysed {
  /** Of the pipeline that leads. */
  readonly bundle: BundleCard;
  readonly findings: SeriesFindings;
  readonly output: PipelineOutput | null;
  readonly loaded: LoadedSeries | null;
}

interface Input {
  readonly card: BundleCard;
  readonly engine: Engine;
  readonly instances: readonly Instance[];
  /** `performance.now()` when loading began. */
  readonly started: number;
}

async function analyseInstances(task: SeriesTask, input: Input): Promise<Analysed> {
  try {
    const loaded = await loadVolume(input.instances);
    const load = Math.round(performance.now() - input.started);
    const helpers = await loadHelperModels(task.helpersFolder ?? path.dirname(task.bundleFolder));
    const series = seriesOf(input.instances, loaded, helpers);
    const began = performance.now();
    const all = await runAll(task, series, input);
    const readingMs = performance.now() - began;
    const { bundle, output } = leading(all);
    const said = await withComparison(task.earlier, {
      ...{ series, findings: consolidated(all), bundle, readingMs },
      load: async (paths) => await loadSeries(await readWhole(paths), helpers),
      read: async (earlier) => consolidated(await runAll(task, earlier, input)),
    });
    if (said.state !== 'findings' && task.doubt !== undefined)
      return withoutAnalysis(task, input, inDoubt(task.doubt, said));
    const timingsMs = { ...said.timingsMs, load };
    const findings: SeriesFindings = { ...said, timingsMs, provider: input.engine.provider };
    return { findings, output, loaded, bundle };
  } catch (error) {
    if (!(error instanceof WillisError) || !seriesFaults.has(error.code)) throw error;
    return withoutAnalysis(task, input, failureOf(error));
  }
}

/** What came was not enough, or there was nothing in it: the one may be because of what did not come, the other says nothing about that. */
function inDoubt(doubt: Reason, said: SeriesFindings): Reason {
  const ofWhatCame =
    said.state === 'not-analysed'
      ? `Of the images that came: ${said.reason.code}: ${said.reason.text}`
      : 'Nothing was found in the images that came, which says nothing about others.';
  return { code: doubt.code, text: `${doubt.text} ${ofWhatCame}` };
}

async function loadSeries(instances: readonly Instance[], helpers: HelperModels): Promise<PipelineInput> {
  const mixed = mixedSeries(instances);
  if (mixed !== null) throw new WillisError(mixed.code, mixed.text);
  return seriesOf(instances, await loadVolume(instances), helpers);
}

function seriesOf(
  instances: readonly Instance[],
  { volume, frames }: LoadedSeries,
  helpers: HelperModels,
): PipelineInput {
  return {
    volume: toLpsOrientation(volume),
    frames,
    seriesInstanceUid: seriesUid(instances),
    contrastAgent: contrastAgentOf(instances),
    helpers,
  };
}

/** Contrast/Bolus Agent (0018,0010), or its code in an enhanced image (0018,0012). */
function contrastAgentOf(instances: readonly Instance[]): string | null {
  for (const { attributes } of instances) {
    const coded = attributes.items('ContrastBolusAgentSequence')[0]?.text('CodeMeaning');
    const agent = attributes.text('ContrastBolusAgent') ?? coded;
    if (agent !== undefined && agent !== '') return agent;
  }
  return null;
}

function withoutAnalysis(task: SeriesTask, input: Input, reason: Reason): Analysed {
  const findings: SeriesFindings = {
    seriesInstanceUid: seriesUid(input.instances),
    pipeline: task.pipeline,
    bundle: input.card.identity,
    state: 'not-analysed',
    reason,
    findings: [],
    timingsMs: {
      load: Math.round(performance.now() - input.started),
      preprocess: 0,
      inference: 0,
      results: 0,
    },
  };
  return { findings, output: null, loaded: null, bundle: input.card };
}

function resultInput(task: SeriesTask, instances: readonly Instance[], analysed: Analysed): ResultInput {
  const first = instances[0]!;
  return {
    output: analysed.output,
    findings: analysed.findings,
    volume: analysed.loaded?.volume ?? null,
    source: {
      attributes: first.attributes,
      frames: analysed.loaded?.frames ?? instances.flatMap(geometriesOf),
      sourceInstances: instances.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid })),
    },
    card: analysed.bundle.manifest,
    identity: {
      inputSha256: task.inputSha256,
      bundleSha256: task.bundleSha256 ?? analysed.bundle.identity.sha256,
      version: task.version,
      supersedes: task.supersedes,
      completeness: task.completeness,
    },
    createdAt: new Date(task.createdAtMs),
    softwareVersions: task.softwareVersion,
    language: task.language,
  };
}

function geometriesOf(instance: Instance): ReturnType<typeof frameGeometries> {
  return frameGeometries(instance.sopClassUid, instance.sopInstanceUid, instance.attributes);
}

interface ReadInstances {
  readonly instances: readonly Instance[];
  /** Set where a file is damaged: then of it there is the header at most. */
  readonly fault: Reason | null;
}

/**
 * A damaged file ends as "not analysed", told with what the others, and its own header, say of the patient. One that the disk does not
 * give may be there the next time; the report that the analysis failed does without it. Throws DICOM_UNREADABLE where nothing is left.
 */
async function readAll({ paths, reason }: SeriesTask): Promise<ReadInstances> {
  const instances: Instance[] = [];
  const faults: string[] = [];
  for (const file of paths) {
    try {
      instances.push(readInstance(await readFile(file)));
    } catch (error) {
      const isDamaged = error instanceof WillisError;
      if (!isDamaged && reason === null) throw error;
      faults.push(isDamaged ? error.message : describeError(error));
      instances.push(...(isDamaged ? await readableHeader(file) : []));
    }
  }
  const [first] = faults;
  if (first === undefined) return { instances: inOrder(instances), fault: null };
  const text = `${faults.length} of ${paths.length} files cannot be read (${first}) Send the series again.`;
  if (instances.length === 0) throw new WillisError('DICOM_UNREADABLE', text);
  return { instances: inOrder(instances), fault: { code: 'DICOM_UNREADABLE', text } };
}

async function readableHeader(file: string): Promise<readonly Instance[]> {
  try {
    return [readInstanceHeader(await readFile(file))];
  } catch {
    // not even that: the others tell of the patient
    return [];
  }
}

async function readWhole(paths: readonly string[]): Promise<readonly Instance[]> {
  return inOrder(await Promise.all(paths.map(async (file) => readInstance(await readFile(file)))));
}

/** Of their UIDs, so that nothing downstream depends on the order of arrival. */
function inOrder(instances: readonly Instance[]): readonly Instance[] {
  return instances.toSorted((a, b) => (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1));
}

function seriesUid(instances: readonly Instance[]): string {
  return instances[0]?.attributes.text('SeriesInstanceUID') ?? '';
}

/** Writes and flushes every result into a folder beside the final one, then renames it: a crash leaves all or nothing. */
async function writeResults(task: SeriesTask, input: ResultInput): Promise<readonly WrittenResult[]> {
  const draft = `${task.folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const written: WrittenResult[] = [];
  const ordinals = new Map<string, number>();
  for await (const result of buildResults(input, task.kinds)) {
    const ordinal = (ordinals.get(result.kind) ?? 0) + 1;
    ordinals.set(result.kind, ordinal);
    const file = `${result.kind}-${String(ordinal).padStart(4, '0')}.dcm`;
    await writeDurably(path.join(draft, file), result);
    const { kind, sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid } = result;
    written.push({ kind, ordinal, sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, file });
  }
  await writeMap(draft, input.output?.maps?.probability);
  await writeSlices(draft, input.output?.sliceProbabilities);
  await publishFolder(draft, task.folder);
  return written;
}

async function writeDurably(file: string, result: ResultInstance): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writev([part10Header(result), result.dataset]);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
