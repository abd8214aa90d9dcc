import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { checkBundle } from './analysis/index.ts';
import { publishFolder } from './archive/index.ts';
import { WillisError, describeError } from './errors.ts';
import { bundleName, listBundles, loadBundle, type Bundle, type ListedBundle } from './inference/index.ts';

/** A bundle of the folder that the configuration names, or one that was uploaded. */
export type ShelvedBundle = ListedBundle & { readonly isUploaded: boolean };

/** All bundles of the node. Those uploaded serve only where the configuration names them. */
export interface BundleShelf {
  readonly list: () => Promise<readonly ShelvedBundle[]>;
  /** `fill` puts the files of a bundle into a folder; it is checked, golden vectors and all, and kept. Throws BUNDLE_INVALID, STATE_CONFLICT, NODE_BUSY. */
  readonly add: (fill: (folder: string) => Promise<void>) => Promise<Bundle>;
  /** Throws NOT_FOUND where no uploaded bundle is called so. */
  readonly remove: (name: string) => Promise<void>;
}

/** How far a probability of golden vectors may be from the kit's: processors round differently, graphics processors more so. */
export const goldenTolerance = 5e-3;

export function openShelf(folders: { readonly standard: string; readonly uploaded: string }): BundleShelf {
  const drafts = `${folders.uploaded}.draft`;
  let adding = false;
  const list = async (): Promise<readonly ShelvedBundle[]> => {
    await mkdir(folders.uploaded, { recursive: true });
    const standard = await listBundles(folders.standard);
    const uploaded = await listBundles(folders.uploaded);
    return [
      ...standard.map((one) => ({ ...one, isUploaded: false })),
      ...uploaded.map((one) => ({ ...one, isUploaded: true })),
    ];
  };
  const take = async (fill: (folder: string) => Promise<void>): Promise<Bundle> => {
    const draft = path.join(drafts, 'bundle');
    await mkdir(draft, { recursive: true });
    await fill(draft);
    const bundle = await examined(draft, await list());
    const { id, version, sha256 } = bundle.identity;
    // with its digest: what was opened under one path is never another network
    const folder = path.join(folders.uploaded, `${id}-${version}-${sha256.slice(0, 12)}`);
    await publishFolder(draft, folder);
    return { ...bundle, folder };
  };
  return {
    list,
    add: async (fill) => {
      if (adding)
        throw new WillisError('NODE_BUSY', 'Another bundle is being checked. Wait for its end.', {
          retry: 'later',
        });
      adding = true;
      try {
        await rm(drafts, { recursive: true, force: true });
        return await take(fill);
      } finally {
        await rm(drafts, { recursive: true, force: true });
        adding = false;
      }
    },
    remove: async (name) => {
      const found = (await list()).find((one) => one.isUploaded && nameOf(one) === name);
      if (found === undefined) throw new WillisError('NOT_FOUND', `No uploaded bundle is called "${name}".`);
      await rm(folderOf(found), { recursive: true });
    },
  };
}

/** Where the bundles lie that were not uploaded; null where there are none. */
export function standardFolder(shelf: readonly ShelvedBundle[]): string | null {
  const one = shelf.find(({ isUploaded }) => !isUploaded);
  return one === undefined ? null : path.dirname(folderOf(one));
}

/** A sound one goes by id and version, a refused one by its folder. */
function nameOf(listed: ListedBundle): string {
  return listed.kind === 'bundle' ? bundleName(listed.bundle) : path.basename(listed.folder);
}

function folderOf(listed: ListedBundle): string {
  return listed.kind === 'bundle' ? listed.bundle.folder : listed.folder;
}

async function examined(folder: string, others: readonly ListedBundle[]): Promise<Bundle> {
  const bundle = await loadBundle(folder).catch((error: unknown) => {
    throw asUpload(error);
  });
  const name = bundleName(bundle);
  if (others.some((one) => nameOf(one) === name))
    throw new WillisError(
      'STATE_CONFLICT',
      `There is a bundle ${name} already. Two with one name could not be told apart in a report: export this one under another version.`,
    );
  const difference = await checkBundle(folder);
  if (difference <= goldenTolerance) return bundle;
  throw new WillisError(
    'BUNDLE_INVALID',
    `The bundle ${name} was refused: on this machine a probability of its golden vectors is ${difference.toFixed(4)} away from what the kit had (at most ${goldenTolerance}). Export it again with the kit that trained it.`,
  );
}

/** The folder of an upload has a name that says nothing. */
function asUpload(error: unknown): WillisError {
  const text = describeError(error).replace(/^[A-Z_]+: /, '');
  return new WillisError(
    'BUNDLE_INVALID',
    text.replace(/The bundle "[^"]*"/, 'The bundle').replace(', or remove the folder', ''),
    { cause: error },
  );
}
