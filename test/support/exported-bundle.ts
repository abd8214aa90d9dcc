import { readFileSync } from 'node:fs';
import path from 'node:path';
import { shippedBundles } from '../../src/node.ts';

/** Files of a bundle by their names, as the kit exports them. */
export type BundleFiles = Record<string, Buffer>;

const shipped = path.join(shippedBundles, 'tof-patch');

/** The shipped bundle of `tof-patch` under another version. */
export function exported(version: string): BundleFiles {
  const names = ['model.json', 'model.onnx', 'CARD.md', 'golden/golden.json', 'golden/volume.raw'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(shipped, name))]));
  return changed(files, (manifest) => (manifest['version'] = version));
}

/** With another manifest. */
export function changed(
  files: BundleFiles,
  change: (manifest: Record<string, unknown>) => void,
): BundleFiles {
  const manifest = JSON.parse(files['model.json']!.toString()) as Record<string, unknown>;
  change(manifest);
  return { ...files, 'model.json': Buffer.from(JSON.stringify(manifest)) };
}
