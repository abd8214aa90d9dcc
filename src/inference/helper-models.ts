import path from 'node:path';
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import type { BundleIdentity } from '../findings/index.ts';
import { arterySitesManifest } from './manifests/artery-sites.ts';
import { headDistanceManifest } from './manifests/head-distance.ts';
import { readModelFolder } from './model-folder.ts';

interface HelperModel<Manifest> {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly identity: BundleIdentity;
}

/** Names the artery a place lies on; shared by the pipelines that find aneurysms. */
export type SiteModel = HelperModel<z.infer<typeof arterySitesManifest>>;

/** Tells how far a place lies from the brain's surface. */
export type HeadModel = HelperModel<z.infer<typeof headDistanceManifest>>;

/** What lies beside the bundles and is no pipeline; null where it is not there. */
export interface HelperModels {
  readonly siteModel: SiteModel | null;
  readonly headModel: HeadModel | null;
}

/** The helper models of a folder of bundles; throws BUNDLE_INVALID where one is broken. */
export async function loadHelperModels(bundlesFolder: string): Promise<HelperModels> {
  return {
    siteModel: await load(path.join(bundlesFolder, 'artery-sites'), 'sites.json', arterySitesManifest),
    headModel: await load(path.join(bundlesFolder, 'head-distance'), 'head.json', headDistanceManifest),
  };
}

interface HelperManifest {
  readonly id: string;
  readonly version: string;
  readonly network: { readonly file: string; readonly sha256: string };
}

async function load<Manifest extends HelperManifest>(
  folder: string,
  manifestName: string,
  schema: z.ZodType<Manifest>,
): Promise<HelperModel<Manifest> | null> {
  if (!existsSync(path.join(folder, manifestName))) return null;
  return await readModelFolder(folder, { manifestName, schema, networksOf: ({ network }) => [network] });
}
