import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
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
  const name = path.basename(folder);
  const text = await readFile(path.join(folder, 'model.json')).catch((cause: unknown) => {
    throw invalid(name, 'model.json cannot be read', cause);
  });
  const manifest = parseManifest(text.toString('utf8'), name);
  const whole = createHash('sha256').update(text);
  for (const { file, sha256 } of networkFilesOf(manifest)) {
    const network = await readFile(path.join(folder, file)).catch((cause: unknown) => {
      throw invalid(name, `${file} cannot be read`, cause);
    });
    const found = createHash('sha256').update(network).digest('hex');
    if (found !== sha256)
      throw invalid(name, `${file} is not the file the manifest names (SHA-256 ${found.slice(0, 12)}...)`);
    whole.update(network);
  }
  return {
    folder,
    manifest,
    identity: { id: manifest.id, version: manifest.version, sha256: whole.digest('hex') },
  };
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

function parseManifest(text: string, name: string): BundleManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, 'model.json is not JSON', cause);
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw invalid(name, `model.json: ${faults.join('; ')}`);
}

function invalid(name: string, why: string, cause?: unknown): WillisError {
  return new WillisError(
    'BUNDLE_INVALID',
    `The bundle "${name}" was refused: ${why}. Export it again with the kit, or remove the folder.`,
    { cause },
  );
}
