import type { Size } from '../../volume/index.ts';

/** A part of a volume: what is kept, and the larger box that is run to get it. */
export interface Tile {
  readonly keep: Box;
  readonly run: Box;
}

/** Half open, in voxels. */
interface Box {
  readonly from: Size;
  readonly to: Size;
}

/** More cuts an axis than this run mostly halo. */
const mostCuts = 12;

/**
 * Cuts the box about the set voxels of `mask` into tiles that, with a halo on every side where the volume goes on, have at most `largest`
 * voxels; of all even cuts the one that runs the fewest voxels. Tiles without a set voxel are left out, the others are cut back
 * to their own set voxels. Starts are multiples of `multipleOf`.
 */
export function tilesOf(
  mask: Uint8Array,
  size: Size,
  { halo, multipleOf, largest }: { halo: number; multipleOf: number; largest: number },
): readonly Tile[] {
  const all = boundsWithin(mask, size, { from: [0, 0, 0], to: size }, multipleOf);
  if (all === null) return [];
  const options = ([0, 1, 2] as const).map((axis) =>
    Array.from({ length: mostCuts }, (_, cuts) =>
      axisTiles([all.from[axis], all.to[axis]], cuts + 1, { halo, multipleOf, end: size[axis] }),
    ),
  );
  let best: readonly [AxisTile[], AxisTile[], AxisTile[]] | null = null;
  let least = Infinity;
  for (const x of options[0]!) {
    for (const y of options[1]!) {
      for (const z of options[2]!) {
        const fits = longest(x) * longest(y) * longest(z) <= largest;
        const cost = total(x) * total(y) * total(z);
        if ((fits || best === null) && cost < least) [best, least] = [[x, y, z], fits ? cost : Infinity];
      }
    }
  }
  const [xs, ys, zs] = best!;
  return zs
    .flatMap((z) => ys.flatMap((y) => xs.map((x) => boxOf(x, y, z))))
    .flatMap((box) => boundsWithin(mask, size, box, multipleOf) ?? [])
    .map((keep) => ({ keep, run: grownBy(keep, halo, size) }));
}

interface AxisTile {
  readonly keep: readonly [number, number];
  readonly run: readonly [number, number];
}

function axisTiles(
  [first, last]: readonly [number, number],
  cuts: number,
  { halo, multipleOf, end }: { halo: number; multipleOf: number; end: number },
): AxisTile[] {
  const step = Math.ceil((last - first) / cuts / multipleOf) * multipleOf;
  return Array.from({ length: Math.ceil((last - first) / step) }, (_, index) => {
    const keep = [first + index * step, Math.min(last, first + (index + 1) * step)] as const;
    return { keep, run: [Math.max(0, keep[0] - halo), Math.min(end, keep[1] + halo)] as const };
  });
}

function longest(tiles: readonly AxisTile[]): number {
  return Math.max(...tiles.map(({ run }) => run[1] - run[0]));
}

function total(tiles: readonly AxisTile[]): number {
  return tiles.reduce((sum, { run }) => sum + run[1] - run[0], 0);
}

function boxOf(x: AxisTile, y: AxisTile, z: AxisTile): Box {
  return { from: [x.keep[0], y.keep[0], z.keep[0]], to: [x.keep[1], y.keep[1], z.keep[1]] };
}

function grownBy({ from, to }: Box, halo: number, size: Size): Box {
  return {
    from: from.map((start) => Math.max(0, start - halo)) as unknown as Size,
    to: to.map((end, axis) => Math.min(size[axis]!, end + halo)) as unknown as Size,
  };
}

/** The smallest box about the set voxels inside a box, its start moved down to a multiple; null where none is set. */
function boundsWithin(mask: Uint8Array, [nx, ny]: Size, box: Box, multipleOf: number): Box | null {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let z = box.from[2]; z < box.to[2]; z += 1) {
    for (let y = box.from[1]; y < box.to[1]; y += 1) {
      const start = nx * (y + ny * z);
      const row = mask.subarray(start + box.from[0], start + box.to[0]);
      const first = row.indexOf(1);
      if (first === -1) continue;
      const ends = [box.from[0] + first, box.from[0] + row.lastIndexOf(1)] as const;
      for (const [axis, [least, most]] of [ends, [y, y] as const, [z, z] as const].entries()) {
        low[axis] = Math.min(low[axis]!, least);
        high[axis] = Math.max(high[axis]!, most + 1);
      }
    }
  }
  if (low[0] === Infinity) return null;
  const from = low.map((start) => Math.floor(start / multipleOf) * multipleOf) as unknown as Size;
  return { from, to: high };
}
