import { labelComponents } from '../components.ts';
import { distanceTransform } from '../distance.ts';
import { percentiles } from '../percentile.ts';
import type { Size, Volume } from '../types.ts';

/** A head on an isotropic grid, arteries brighter than what is around them; `inside` is 1 in the head. */
export interface HeadImage {
  readonly image: Volume;
  readonly inside: Uint8Array;
}

/** Scalp, its fat and vessels move against the skull, and are as bright as arteries. */
const scalpMm = 14;
/** Arteries are nearer to the brightest thousandth of the deep head than to its median. */
const [tissuePercent, arteryPercent] = [50, 99.9];
const arteryShare = 0.45;
const sampleEvery = 7;
const leastComponentMm3 = 30;

/** 1 where the head is as bright as arteries, deep under its surface; specks left out. */
export function arteryMask({ image, inside }: HeadImage): Uint8Array {
  const deep = deepInside(inside, image);
  const sample: number[] = [];
  for (let index = 0; index < deep.length; index += sampleEvery)
    if (deep[index] === 1) sample.push(image.data[index]!);
  const [tissue = 0, artery = 0] = percentiles(Float32Array.from(sample), [tissuePercent, arteryPercent]);
  const threshold = tissue + arteryShare * (artery - tissue);
  const bright = new Uint8Array(deep.length);
  for (let index = 0; index < bright.length; index += 1)
    bright[index] = deep[index] === 1 && image.data[index]! > threshold ? 1 : 0;
  return withoutSpecks(bright, image);
}

const blockVoxels = 3;

/** 1 more than `scalpMm` from air; distances on a grid three times as coarse are exact enough for that. */
function deepInside(inside: Uint8Array, { size, spacingMm }: Volume): Uint8Array {
  const blocks = size.map((n) => Math.ceil(n / blockVoxels)) as unknown as Size;
  const [bx, by] = blocks;
  const [nx, ny] = size;
  const blockOf = (index: number): number => {
    const x = Math.floor((index % nx) / blockVoxels);
    const y = Math.floor((Math.floor(index / nx) % ny) / blockVoxels);
    return x + bx * (y + by * Math.floor(Math.floor(index / (nx * ny)) / blockVoxels));
  };
  const air = new Uint8Array(blocks[0] * blocks[1] * blocks[2]);
  for (let index = 0; index < inside.length; index += 1) if (inside[index] === 0) air[blockOf(index)] = 1;
  const step = spacingMm[0] * blockVoxels;
  const depth = distanceTransform(air, blocks, [step, step, step]);
  const deep = new Uint8Array(inside.length);
  for (let index = 0; index < deep.length; index += 1) deep[index] = depth[blockOf(index)]! > scalpMm ? 1 : 0;
  return deep;
}

function withoutSpecks(mask: Uint8Array, { size, spacingMm }: Volume): Uint8Array {
  const { labels, count } = labelComponents(mask, size, 26);
  const voxels = new Int32Array(count + 1);
  for (let index = 0; index < labels.length; index += 1) voxels[labels[index]!]! += 1;
  const least = leastComponentMm3 / (spacingMm[0] * spacingMm[1] * spacingMm[2]);
  const kept = new Uint8Array(mask.length);
  for (let index = 0; index < kept.length; index += 1)
    kept[index] = labels[index]! > 0 && voxels[labels[index]!]! >= least ? 1 : 0;
  return kept;
}
