import type { BundleOf } from '../../inference/index.ts';

/** Path of a network of the bundle. */
export function fileOf(
  { folder, manifest }: BundleOf<'tof-coarse-fine'>,
  role: 'arteries' | 'coarse' | 'fine',
): string {
  return `${folder}/${manifest.networks.find((network) => network.role === role)!.file}`;
}
