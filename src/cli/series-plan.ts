import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SeriesTask } from '../analysis/index.ts';
import { parseConfig } from '../config/index.ts';
import { readInstance } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { listBundles, type Bundle } from '../inference/index.ts';
import { explain, inputIdentity, nearestMiss, readTraits, type Rule } from '../intake/index.ts';
import { softwareVersion } from '../version.ts';
import { checkStack, frameGeometries } from '../volume/index.ts';
import type { ListedInstance } from './instances.ts';

/** What would be done with a series of files: by which pipeline, or why by none. */
export type SeriesPlan =
  | {
      readonly kind: 'taken';
      readonly name: string;
      readonly pipeline: string;
      /** Further pipelines whose word goes into the same report. */
      readonly also: readonly string[];
      readonly task: PlannedTask;
    }
  | { readonly kind: 'left'; readonly name: string; readonly why: string };

/** A task without its bundle, results and folder. */
export type PlannedTask = Omit<SeriesTask, 'bundleFolder' | 'also' | 'kinds' | 'folder'>;

/** What the user asks for by name; left out, the shipped rules choose. */
export interface Asked {
  readonly pipeline?: string | undefined;
  readonly also?: readonly string[] | undefined;
}

export function groupBySeries(instances: readonly ListedInstance[]): readonly (readonly ListedInstance[])[] {
  return [...Map.groupBy(instances, (instance) => instance.seriesInstanceUid).values()];
}

/** Reads a series and plans it: by the named pipeline, else by the first shipped rule that it matches. */
export async function planSeries(
  series: readonly ListedInstance[],
  { pipeline, also }: Asked,
): Promise<SeriesPlan> {
  const loaded = await Promise.all(series.map(async ({ path: file }) => readInstance(await readFile(file))));
  const input = loaded.map(({ sopClassUid, sopInstanceUid, attributes }) => ({
    sopInstanceUid,
    frames: frameGeometries(sopClassUid, sopInstanceUid, attributes),
  }));
  const frames = input.flatMap((one) => one.frames);
  const traits = readTraits(loaded[0]!.attributes);
  const stack = checkStack(frames, traits.expectedCount ?? undefined);
  const name = `${traits.modality} ${traits.seriesDescription || 'without description'}, ${series.length} files`;
  const rule =
    pipeline === undefined
      ? shippedRules().find((one) => explain(one, traits, stack).matches)
      : { pipeline, alsoPipelines: also };
  if (rule === undefined) {
    const why = nearestMiss(shippedRules().map((one) => explain(one, traits, stack)));
    return { kind: 'left', name, why };
  }
  const task: PlannedTask = {
    paths: series.map((instance) => path.resolve(instance.path)),
    pipeline: rule.pipeline,
    reason: stack.kind === 'not-a-stack' ? stack.reason : null,
    inputSha256: inputIdentity(input),
    version: 1,
    supersedes: null,
    completeness: `${frames.length} slices in the given files`,
    createdAtMs: Date.now(),
    softwareVersion,
  };
  return { kind: 'taken', name, pipeline: rule.pipeline, also: rule.alsoPipelines ?? [], task };
}

function shippedRules(): readonly Rule[] {
  return parseConfig({}, 'the default configuration').rules;
}

/** The sound bundle of a folder that serves a pipeline. Throws BUNDLE_MISSING. */
export async function bundleServing(pipeline: string, folder: string): Promise<Bundle> {
  for (const entry of await listBundles(folder)) {
    if (entry.kind === 'bundle' && entry.bundle.manifest.pipeline === pipeline) return entry.bundle;
  }
  throw new WillisError(
    'BUNDLE_MISSING',
    `No sound bundle serves the pipeline "${pipeline}". "willis bundles" shows what there is.`,
  );
}
