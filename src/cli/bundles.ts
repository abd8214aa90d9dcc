import type { Command } from 'commander';
import { WillisError } from '../errors.ts';
import {
  listBundles,
  loadHelperModels,
  writeModelRepository,
  type Bundle,
  type HeadModel,
  type ListedBundle,
  type SiteModel,
} from '../inference/index.ts';
import { shippedBundles } from '../node.ts';

export function addBundles(program: Command): void {
  program
    .command('bundles')
    .description(
      'list the model bundles, what each was trained on and how it was measured; refused ones with the reason',
    )
    .option('--dir <folder>', 'folder of bundles', shippedBundles)
    .option(
      '--model-repository <folder>',
      'also write their networks as an inference server wants them (NVIDIA Triton)',
    )
    .action(async ({ dir, modelRepository }: { dir: string; modelRepository?: string }) => {
      const listed = await listBundles(dir);
      if (modelRepository !== undefined) await writeAll(listed, modelRepository);
      for (const entry of listed) process.stdout.write(`${describe(entry)}\n`);
      const refused = listed.filter((entry) => entry.kind === 'refused').length;
      const { siteModel, headModel } = await loadHelperModels(dir);
      if (siteModel !== null) process.stdout.write(`${describeHelper(siteModel, 'names arteries')}\n`);
      if (headModel !== null) process.stdout.write(`${describeHelper(headModel, 'finds the brain')}\n`);
      if (refused > 0)
        throw new WillisError(
          'BUNDLE_INVALID',
          `${refused} of ${listed.length} bundles were refused, see above.`,
        );
    });
}

async function writeAll(listed: readonly ListedBundle[], folder: string): Promise<void> {
  for (const entry of listed) {
    if (entry.kind !== 'bundle') continue;
    for (const name of await writeModelRepository(entry.bundle, folder))
      process.stderr.write(`${name} written\n`);
  }
}

function describe(entry: ListedBundle): string {
  if (entry.kind === 'refused') return `REFUSED ${entry.folder}\n  ${entry.error.message}`;
  const { manifest, identity } = entry.bundle;
  const what = `pipeline ${manifest.pipeline}, ${manifest.modality}, ${identity.sha256.slice(0, 12)}`;
  return lines(manifest, what);
}

function describeHelper({ manifest, identity }: SiteModel | HeadModel, does: string): string {
  return lines(manifest, `${does}, ${manifest.modalities.join(' and ')}, ${identity.sha256.slice(0, 12)}`);
}

function lines(manifest: (Bundle | SiteModel | HeadModel)['manifest'], what: string): string {
  return [
    `${manifest.id} ${manifest.version}  (${what})`,
    `  ${manifest.title}`,
    `  trained on: ${manifest.training.data}`,
    `  measured on: ${manifest.performance.testedOn}`,
    `  ${manifest.intendedUse}`,
  ].join('\n');
}
