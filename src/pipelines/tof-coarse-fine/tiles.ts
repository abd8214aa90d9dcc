import type { Size } from '../../volume/index.ts';

/** A part of a volume: what is kept, and the larger box that is run to get it. Half open, in voxels. */
export interface Tile {
  readonly keep: Box;
  readonly run: Box;
}

interface Box {
  readonly from: Size;
  readonly to: Size;
}

/** More cuts an axis than this run mostly halo. */
const mostCuts = 12;

/**
 * Cuts a volume into boxes that, with a halo on every inner side, have at most `largest` voxels; of all even cuts the one
 * that runs the fewest voxels. Starts are multiples of `multipleOf`.
 */
export function tilesOf(
  size: Size,
  { halo, multipleOf, largest }: { halo: number; multipleOf: number; largest: number },
): readonly Tile[] {
  const options = size.map((n) =>
    Array.from({ length: mostCuts }, (_, cuts) => axisTiles(n, cuts + 1, { halo, multipleOf })),
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
  return zs.flatMap((z) => ys.flatMap((y) => xs.map((x) => tileOf(x, y, z))));
}

interface AxisTile {
  readonly keep: readonly [number, number];
  readonly run: readonly [number, number];
}

function axisTiles(
  n: number,
  cuts: number,
  { halo, multipleOf }: { halo: number; multipleOf: number },
): AxisTile[] {
  const step = Math.ceil(n / cuts / multipleOf) * multipleOf;
  return Array.from({ length: Math.ceil(n / step) }, (_, index) => {
    const keep = [index * step, Math.min(n, (index + 1) * step)] as const;
    return { keep, run: [Math.max(0, keep[0] - halo), Math.min(n, keep[1] + halo)] as const };
  });
}

function longest(tiles: readonly AxisTile[]): number {
  return Math.max(...tiles.map(({ run }) => run[1] - run[0]));
}

function total(tiles: readonly AxisTile[]): number {
  return tiles.reduce((sum, { run }) => sum + run[1] - run[0], 0);
}

function tileOf(x: AxisTile, y: AxisTile, z: AxisTile): Tile {
  const box = (name: 'keep' | 'run'): Box => ({
    from: [x[name][0], y[name][0], z[name][0]],
    to: [x[name][1], y[name][1], z[name][1]],
  });
  return { keep: box('keep'), run: box('run') };
}
