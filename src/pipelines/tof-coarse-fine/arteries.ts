import { requireNumbers, type BundleOf, type Engine } from '../../inference/index.ts';
import { labelComponents, type Size, type Volume } from '../../volume/index.ts';
import { boxFrom } from './boxes.ts';
import { fileOf } from './networks.ts';
import { tilesOf, type Tile } from './tiles.ts';

/** Voxels of one run: about 600 bytes of working memory each. */
const largestRunVoxels = 2_500_000;

/** 1 where the extraction network sees an artery; components too small to be one are noise. Throws MODEL_OUTPUT_INVALID. */
export async function extractArteries(
  volume: Volume,
  bundle: BundleOf<'tof-coarse-fine'>,
  engine: Engine,
  largest = largestRunVoxels,
): Promise<Uint8Array> {
  const { smallestMm3, multipleOf, haloVoxels } = bundle.manifest.preprocessing.arteries;
  const mask = new Uint8Array(volume.data.length);
  for (const tile of tilesOf(volume.size, { halo: haloVoxels, multipleOf, largest }))
    await markTile(mask, volume, tile, { bundle, engine });
  return withoutSpecks(mask, volume.size, smallestMm3 / bundle.manifest.preprocessing.spacingMm ** 3);
}

async function markTile(
  mask: Uint8Array,
  volume: Volume,
  { keep, run }: Tile,
  { bundle, engine }: { bundle: BundleOf<'tof-coarse-fine'>; engine: Engine },
): Promise<void> {
  const { threshold, multipleOf } = bundle.manifest.preprocessing.arteries;
  const padded = run.to.map(
    (end, axis) => Math.ceil((end - run.from[axis]!) / multipleOf) * multipleOf,
  ) as unknown as Size;
  const { probability } = await engine.run(
    fileOf(bundle, 'arteries'),
    [
      {
        name: 'image',
        data: boxFrom(volume, run.from, padded),
        shape: [1, 1, padded[2], padded[1], padded[0]],
      },
    ],
    ['probability'],
  );
  requireNumbers(probability!);
  const [nx, ny] = volume.size;
  const inside = keep.to.map((end, axis) => end - keep.from[axis]!) as unknown as Size;
  const shift = keep.from.map((start, axis) => start - run.from[axis]!) as unknown as Size;
  const kept = boxFrom({ data: probability!, size: padded }, shift, inside);
  for (const [index, value] of kept.entries()) {
    if (value <= threshold) continue;
    const [x, y, z] = [
      index % inside[0],
      Math.floor(index / inside[0]) % inside[1],
      Math.floor(index / (inside[0] * inside[1])),
    ];
    mask[keep.from[0] + x + nx * (keep.from[1] + y + ny * (keep.from[2] + z))] = 1;
  }
}

function withoutSpecks(mask: Uint8Array, size: Size, leastVoxels: number): Uint8Array {
  const { labels, count } = labelComponents(mask, size, 26);
  const voxels = new Int32Array(count + 1);
  for (const label of labels) voxels[label]! += 1;
  return Uint8Array.from(labels, (label) => (label > 0 && voxels[label]! >= leastVoxels ? 1 : 0));
}
