import { requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import { labelComponents, type Size, type Volume } from '../../volume/index.ts';
import { boxFrom } from './boxes.ts';
import { fileOf } from './networks.ts';

/** One run up to this many voxels, slabs with a halo beyond. */
const largestRunVoxels = 6_000_000;

/** 1 where the extraction network sees an artery; components too small to be one are noise. Throws MODEL_OUTPUT_INVALID. */
export async function extractArteries(
  { data, size }: Volume,
  bundle: BundleOf<'tof-coarse-fine'>,
  engine: Engine,
): Promise<Uint8Array> {
  const { threshold, smallestMm3, multipleOf, haloVoxels } = bundle.manifest.preprocessing.arteries;
  const [nx, ny, nz] = size;
  const upTo = (n: number): number => Math.ceil(n / multipleOf) * multipleOf;
  const depth = Math.max(
    multipleOf,
    Math.floor(largestRunVoxels / (upTo(nx) * upTo(ny)) / multipleOf) * multipleOf - 2 * haloVoxels,
  );
  const mask = new Uint8Array(data.length);
  for (let start = 0; start < nz; start += depth) {
    const from = Math.max(0, start - haloVoxels);
    const to = Math.min(nz, start + depth + haloVoxels);
    const padded: Size = [upTo(nx), upTo(ny), upTo(to - from)];
    const shape = [1, 1, padded[2], padded[1], padded[0]];
    const image = boxFrom({ data, size }, [0, 0, from], padded);
    const { probability } = await engine.run(
      fileOf(bundle, 'arteries'),
      [{ name: 'image', data: image, shape }],
      ['probability'],
    );
    requireNumbers(probability!);
    const slab = boxFrom(
      { data: probability!, size: padded },
      [0, 0, start - from],
      [...([nx, ny] as const), Math.min(nz, start + depth) - start],
    );
    for (let index = 0; index < slab.length; index += 1)
      if (slab[index]! > threshold) mask[index + nx * ny * start] = 1;
  }
  return withoutSpecks(mask, size, smallestMm3 / bundle.manifest.preprocessing.spacingMm ** 3);
}

function withoutSpecks(mask: Uint8Array, size: Size, leastVoxels: number): Uint8Array {
  const { labels, count } = labelComponents(mask, size, 26);
  const voxels = new Int32Array(count + 1);
  for (const label of labels) voxels[label]! += 1;
  return Uint8Array.from(labels, (label) => (label > 0 && voxels[label]! >= leastVoxels ? 1 : 0));
}
