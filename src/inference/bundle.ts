import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { WillisError } from '../errors.ts';
import type { BundleIdentity } from '../findings/index.ts';
import {
  manifestSchema,
  networkFilesOf,
  type BundleManifest,
  type ManifestOf,
  type PipelineId,
} from './manifest.ts';
import { readModelFolder } from './model-folder.ts';

/** A checked bundle: its manifest is sound and its files are the ones the manifest names. */
export interface Bundle<Manifest extends BundleManifest = BundleManifest> {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly identity: BundleIdentity;
}

export type BundleOf<Id extends PipelineId> = Bundle<ManifestOf<Id>>;

export type ListedBundle =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  | { readonly kind: 'refused'; readonly folder: string; readonly error: WillisError };

/** What a bundle is called in the configuration: id@version. */
export function bundleName({ identity }: Pick<Bundle, 'identity'>): string {
  return `${identity.id}@${identity.version}`;
}

/** Every folder of `folder` that holds a `model.json`, sound or refused by name. */
export async function listBundles(folder: string): Promise<readonly ListedBundle[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new WillisError(
      'BUNDLES_UNREADABLE',
      `The bundles folder ${folder} cannot be read. Check "inference.bundlesDir".`,
      { cause },
    );
  });
  const listed: ListedBundle[] = [];
  for (const entry of entries.filter((one) => one.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = path.join(folder, entry.name);
    if (!(await readdir(inner)).includes('model.json')) continue;
    listed.push(await tryLoad(inner));
  }
  return listed;
}

/** Loads one bundle; throws BUNDLE_INVALID naming the bundle, what is wrong, and what to do. */
export async function loadBundle(folder: string): Promise<Bundle> {
  return await readModelFolder(folder, {
    manifestName: 'model.json',
    schema: manifestSchema,
    networksOf: networkFilesOf,
  });
}

/** The bundle as one of the pipeline `id`; throws PIPELINE_UNKNOWN where it is made for another. */
export function bundleFor<Id extends PipelineId>(bundle: Bundle, id: Id): BundleOf<Id> {
  const { manifest } = bundle;
  if (isOf(manifest, id)) return { ...bundle, manifest };
  throw new WillisError(
    'PIPELINE_UNKNOWN',
    `The pipeline "${id}" was asked for, but the bundle ${manifest.id} is made for "${manifest.pipeline}". "willis bundles" shows what there is.`,
  );
}

function isOf<Id extends PipelineId>(manifest: BundleManifest, id: Id): manifest is ManifestOf<Id> {
  return manifest.pipeline === id;
}

async function tryLoad(folder: string): Promise<ListedBundle> {
  try {
    return { kind: 'bundle', bundle: await loadBundle(folder) };
  } catch (error) {
    if (error instanceof WillisError) return { kind: 'refused', folder, error };
    throw error;
  }
}
