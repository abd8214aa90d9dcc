import { randomUUID } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SeriesOutcome } from '../../analysis/index.ts';
import { readInstance, type Instance } from '../../dicom/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import { bundleName } from '../../inference/index.ts';
import { inputIdentity } from '../../intake/index.ts';
import { checkStack, frameGeometries } from '../../volume/index.ts';
import type { NodeAccess } from '../options.ts';

/** A pipeline run on uploaded files. It lives in memory and in a folder of its own, reaches no destination, and ends with the node. */
export interface InferenceRun {
  readonly id: string;
  readonly by: string;
  readonly startedAt: number;
  readonly pipeline: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly state: 'running' | 'done' | 'failed';
  readonly said: string;
  readonly series: readonly RunSeries[];
}

export interface RunSeries {
  readonly description: string;
  readonly instances: number;
  readonly findings: SeriesOutcome['findings'];
  /** Absolute paths of result pictures, with what each is. */
  readonly pictures: readonly { readonly kind: string; readonly file: string }[];
}

export interface NewRun {
  readonly by: string;
  readonly pipeline: string;
  /** id@version; null takes the first of the pipeline. */
  readonly bundle: string | null;
  readonly parameters: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  /** Removed with the run; holds the files. */
  readonly folder: string;
}

export interface InferenceRuns extends AsyncDisposable {
  /** A new folder for an upload. Throws NODE_BUSY while another run goes on. */
  open(): string;
  /** Starts at once; `onChange` is called when it ends. */
  start(run: NewRun): InferenceRun;
  list(): readonly InferenceRun[];
}

const keptRuns = 10;
const mostSeries = 8;
const kinds = ['summary', 'key-views', 'curve'] as const;

/** Opens the runs of a node; what an earlier process left is removed. */
export async function openInferenceRuns(node: NodeAccess, onChange: () => void): Promise<InferenceRuns> {
  const home = path.join(node.files.dataDir, 'inference');
  await rm(home, { recursive: true, force: true });
  const runs: (InferenceRun & { readonly folder: string })[] = [];
  const finish = (id: string, end: Pick<InferenceRun, 'state' | 'said' | 'series'>): void => {
    const index = runs.findIndex((run) => run.id === id);
    if (index >= 0) runs[index] = { ...runs[index]!, ...end };
    onChange();
  };
  return {
    open: () => {
      if (runs.some(({ state }) => state === 'running'))
        throw new WillisError('NODE_BUSY', 'Another run goes on. Wait for its end.', { retry: 'later' });
      return path.join(home, randomUUID());
    },
    start: ({ by, pipeline, bundle, parameters, files, folder }) => {
      const id = path.basename(folder);
      const begun = { id, by, startedAt: node.now(), pipeline, parameters, said: '', series: [] };
      runs.unshift({ ...begun, state: 'running', folder });
      for (const old of runs.splice(keptRuns)) void rm(old.folder, { recursive: true, force: true });
      runAll(node, { pipeline, bundle, parameters, files, folder }).then(
        ({ series, said }) => finish(id, { state: 'done', said, series }),
        (error: unknown) => finish(id, { state: 'failed', said: describeError(error), series: [] }),
      );
      return runs[0]!;
    },
    list: () => runs,
    [Symbol.asyncDispose]: async () => await rm(home, { recursive: true, force: true }),
  };
}

async function runAll(
  node: NodeAccess,
  run: Omit<NewRun, 'by'>,
): Promise<{ readonly series: readonly RunSeries[]; readonly said: string }> {
  const sound = (await node.bundles.list()).flatMap((one) => (one.kind === 'bundle' ? [one.bundle] : []));
  const fitting = sound.filter(({ manifest }) => manifest.pipeline === run.pipeline);
  const serving = fitting.find((one) => run.bundle === null || bundleName(one) === run.bundle);
  if (serving === undefined)
    throw new WillisError(
      'BUNDLE_MISSING',
      `No sound bundle ${run.bundle ?? ''} serves the pipeline "${run.pipeline}".`,
    );
  const found = await readAll(run.files);
  const groups = [
    ...Map.groupBy(found, ({ instance }) => instance.attributes.text('SeriesInstanceUID') ?? ''),
  ];
  if (groups.length === 0)
    throw new WillisError('REQUEST_INVALID', 'None of the files is a DICOM object the node can read.');
  const series: RunSeries[] = [];
  const helpersFolder = await node.bundles.helpersFolder();
  for (const [index, [, files]] of groups.slice(0, mostSeries).entries())
    series.push(await runOne(node, { ...run, bundleFolder: serving.folder, helpersFolder, files, index }));
  const skipped = run.files.length - found.length;
  const left = Math.max(0, groups.length - mostSeries);
  const said = [
    skipped > 0 ? `${skipped} files are no DICOM objects` : '',
    left > 0 ? `${left} more series were left out` : '',
  ];
  return { series, said: said.filter((text) => text !== '').join('; ') };
}

interface ReadFile {
  readonly file: string;
  readonly instance: Instance;
}

async function readAll(files: readonly string[]): Promise<readonly ReadFile[]> {
  const found: ReadFile[] = [];
  for (const file of files) {
    try {
      const instance = readInstance(await readFile(file));
      if (instance.sopInstanceUid !== '') found.push({ file, instance });
    } catch (error) {
      if (!(error instanceof WillisError)) throw error;
    }
  }
  return found;
}

async function runOne(
  node: NodeAccess,
  one: Omit<NewRun, 'by' | 'files'> & {
    readonly bundleFolder: string;
    readonly helpersFolder: string | null;
    readonly files: readonly ReadFile[];
    readonly index: number;
  },
): Promise<RunSeries> {
  const { pipeline, parameters, bundleFolder, helpersFolder, files } = one;
  const input = files.map(({ instance: { sopClassUid, sopInstanceUid, attributes } }) => ({
    sopInstanceUid,
    frames: frameGeometries(sopClassUid, sopInstanceUid, attributes),
  }));
  const stack = checkStack(input.flatMap((one) => one.frames));
  const folder = path.join(one.folder, `results-${one.index}`);
  const { findings } = await node.analyse({
    ...{ paths: files.map(({ file }) => file), pipeline, bundleFolder, parameters, folder },
    ...(helpersFolder === null ? {} : { helpersFolder }),
    reason: stack.kind === 'not-a-stack' ? stack.reason : null,
    inputSha256: inputIdentity(input),
    ...{ version: 1, supersedes: null, completeness: 'uploaded files', kinds },
    createdAtMs: node.now(),
    softwareVersion: node.version,
  });
  const made = (await readdir(folder)).filter((name) => name.endsWith('.dcm')).sort();
  const { attributes } = files[0]!.instance;
  return {
    description: `${attributes.text('Modality') ?? ''} ${attributes.text('SeriesDescription') ?? ''}`.trim(),
    instances: files.length,
    findings,
    pictures: made.map((name) => ({ kind: name.replace(/-\d+\.dcm$/, ''), file: path.join(folder, name) })),
  };
}
