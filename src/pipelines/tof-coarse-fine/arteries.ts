import { requireNumbers, type BundleOf, type Engine, type ManifestOf } from '../../inference/index.ts';
import { labelComponents, type Size, type Volume } from '../../volume/index.ts';
import { boxFrom } from './boxes.ts';
import { fileOf } from './networks.ts';
import { tilesOf, type Tile } from './tiles.ts';
import { tubesOf } from './tubes.ts';

/** Voxels of one run, about 280 bytes of working memory each, which the session keeps; more and smaller tiles run more halo. */
const largestRunVoxels = 3_000_000;

type Recipe = ManifestOf<'tof-coarse-fine'>['preprocessing']['arteries'];
type ByNetwork = Exclude<Recipe, { readonly method: string }>;

interface Means {
  readonly bundle: BundleOf<'tof-coarse-fine'>;
  readonly engine: Engine;
}

/**
 * 1 where an artery is, by the bundle's network or, if it asks for that, by vesselness; components too small to be one are noise. Looked for
 * where `within` is 1. Throws MODEL_OUTPUT_INVALID.
 */
export async function extractArteries(volume: Volume, within: Uint8Array, means: Means): Promise<Uint8Array> {
  const recipe = means.bundle.manifest.preprocessing.arteries;
  const mask =
    'method' in recipe ? tubesOf(volume, within, recipe) : await seen(volume, within, { ...means, recipe });
  const voxelMm3 = volume.spacingMm[0] * volume.spacingMm[1] * volume.spacingMm[2];
  return withoutSpecks(mask, volume.size, recipe.smallestMm3 / voxelMm3);
}

/** The network is run only about `within`. */
async function seen(
  volume: Volume,
  within: Uint8Array,
  means: Means & { readonly recipe: ByNetwork },
): Promise<Uint8Array> {
  const { multipleOf, haloVoxels } = means.recipe;
  const mask = new Uint8Array(volume.data.length);
  const options = { halo: haloVoxels, multipleOf, largest: largestRunVoxels };
  for (const tile of tilesOf(within, volume.size, options)) await markTile(mask, volume, tile, means);
  for (let index = 0; index < mask.length; index += 1) mask[index]! &= within[index]!;
  return mask;
}

async function markTile(
  mask: Uint8Array,
  volume: Volume,
  { keep, run }: Tile,
  { bundle, engine, recipe: { threshold, multipleOf } }: Means & { readonly recipe: ByNetwork },
): Promise<void> {
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
  let next = 0;
  for (let z = keep.from[2]; z < keep.to[2]; z += 1)
    for (let y = keep.from[1]; y < keep.to[1]; y += 1)
      for (let x = keep.from[0]; x < keep.to[0]; x += 1, next += 1)
        if (kept[next]! > threshold) mask[x + nx * (y + ny * z)] = 1;
}

function withoutSpecks(mask: Uint8Array, size: Size, leastVoxels: number): Uint8Array {
  const { labels, count } = labelComponents(mask, size, 26);
  const voxels = new Int32Array(count + 1);
  for (let index = 0; index < labels.length; index += 1) voxels[labels[index]!]! += 1;
  const large = voxels.map((inside, label) => (label > 0 && inside >= leastVoxels ? 1 : 0));
  for (let index = 0; index < mask.length; index += 1) mask[index] = large[labels[index]!]!;
  return mask;
}
