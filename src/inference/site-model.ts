import path from 'node:path';
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import type { BundleIdentity } from '../findings/index.ts';
import { readModelFolder } from './model-folder.ts';
import { arterySitesManifest } from './manifests/artery-sites.ts';

/** Names the artery a place lies on; shared by the pipelines that find aneurysms. */
export interface SiteModel {
  readonly folder: string;
  readonly manifest: z.infer<typeof arterySitesManifest>;
  readonly identity: BundleIdentity;
}

const folderName = 'artery-sites';
const manifestName = 'sites.json';

/** The site model of a folder of bundles; null where there is none, and BUNDLE_INVALID where it is broken. */
export async function loadSiteModel(bundlesFolder: string): Promise<SiteModel | null> {
  const folder = path.join(bundlesFolder, folderName);
  if (!existsSync(path.join(folder, manifestName))) return null;
  return await readModelFolder(folder, {
    manifestName,
    schema: arterySitesManifest,
    networksOf: ({ network }) => [network],
  });
}
