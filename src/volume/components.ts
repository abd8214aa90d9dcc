import type { Size } from './types.ts';

export type Connectivity = 6 | 26;

/**
 * Labels connected foreground voxels, 1, 2, ... in the order of their first voxel; 0 is background. Union-find over the runs of
 * each row: a run is joined to those that touch it in the rows already seen.
 */
export function labelComponents(
  mask: Uint8Array,
  size: Size,
  connectivity: Connectivity,
): { readonly labels: Int32Array; readonly count: number } {
  const [, ny, nz] = size;
  const runs = runsOf(mask, size);
  const parent = new Int32Array(runs.count);
  for (let run = 0; run < parent.length; run += 1) parent[run] = run;
  const seen = connectivity === 26 ? seenOf26 : seenOf6;
  // diagonal neighbours touch where one run ends a voxel before the other
  const slack = connectivity === 26 ? 1 : 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      for (const [dy, dz] of seen) {
        if (y + dy < 0 || y + dy >= ny || z + dz < 0) continue;
        joinRows(parent, runs, { row: y + ny * z, other: y + dy + ny * (z + dz), slack });
      }
    }
  }
  return writeLabels(parent, runs, size);
}

type RowStep = readonly [dy: number, dz: number];

const seenOf6: readonly RowStep[] = [
  [-1, 0],
  [0, -1],
];
const seenOf26: readonly RowStep[] = [...seenOf6, [-1, -1], [1, -1]];

interface Runs {
  /** First voxel of each run in its row, and the voxel behind its last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The first run of each row, and at the end how many there are. */
  readonly ofRow: Int32Array;
  readonly count: number;
}

function runsOf(mask: Uint8Array, [nx, ny, nz]: Size): Runs {
  // as many as there can be: memory that is never written to costs nothing
  const most = ny * nz * Math.ceil(nx / 2);
  const [starts, ends] = [new Int32Array(most), new Int32Array(most)];
  const ofRow = new Int32Array(ny * nz + 1);
  const fours = inFours(mask);
  let count = 0;
  for (let row = 0; row < ny * nz; row += 1) {
    const base = row * nx;
    const end = base + nx;
    ofRow[row] = count;
    for (let at = pastClear(fours, base, end); at < end; at = pastClear(fours, at, end)) {
      starts[count] = at - base;
      at = pastSet(fours, at, end);
      ends[count] = at - base;
      count += 1;
    }
  }
  ofRow[ny * nz] = count;
  return { starts, ends, ofRow, count };
}

/** Four voxels a number, the first in its lowest byte (this is little endian, as every processor Node runs on). */
function inFours(mask: Uint8Array): Uint32Array {
  const whole = mask.byteOffset % 4 === 0 && mask.length % 4 === 0;
  if (whole) return new Uint32Array(mask.buffer, mask.byteOffset, mask.length / 4);
  const padded = new Uint8Array(4 * Math.ceil(mask.length / 4));
  padded.set(mask);
  return new Uint32Array(padded.buffer);
}

/** The first set voxel from `at` on, or the end. */
function pastClear(fours: Uint32Array, at: number, end: number): number {
  let four = at >> 2;
  let set = fours[four]! & ~bytesBefore(at);
  while (set === 0 && 4 * four + 4 < end) set = fours[(four += 1)]! | 0;
  return set === 0 ? end : Math.min(end, 4 * four + lowestByte(set));
}

/** The first voxel from `at` on that is not set, or the end. */
function pastSet(fours: Uint32Array, at: number, end: number): number {
  let four = at >> 2;
  let clear = zeroBytes(fours[four]! | bytesBefore(at));
  while (clear === 0 && 4 * four + 4 < end) clear = zeroBytes(fours[(four += 1)]!);
  return clear === 0 ? end : Math.min(end, 4 * four + lowestByte(clear));
}

/** All bits of the bytes of its number that lie before a voxel. */
function bytesBefore(at: number): number {
  return (1 << (8 * (at & 3))) - 1;
}

/** The highest bit of each byte that is 0, exact up to the first of them (Warren, Hacker's Delight, 6-1). */
function zeroBytes(four: number): number {
  return (four - 0x01010101) & ~four & 0x80808080;
}

function lowestByte(four: number): number {
  return (31 - Math.clz32(four & -four)) >> 3;
}

/** Walks along both rows at once: the run that ends first is left behind. */
function joinRows(
  parent: Int32Array,
  { starts, ends, ofRow }: Runs,
  { row, other, slack }: { row: number; other: number; slack: number },
): void {
  const lastA = ofRow[row + 1]!;
  const lastB = ofRow[other + 1]!;
  let a = ofRow[row]!;
  let b = ofRow[other]!;
  if (a === lastA || b === lastB) return;
  let startA = starts[a]!;
  let endA = ends[a]!;
  let startB = starts[b]!;
  let endB = ends[b]!;
  for (;;) {
    if (startA < endB + slack && startB < endA + slack) unite(parent, a, b);
    if (endA < endB) {
      a += 1;
      if (a === lastA) return;
      startA = starts[a]!;
      endA = ends[a]!;
    } else {
      b += 1;
      if (b === lastB) return;
      startB = starts[b]!;
      endB = ends[b]!;
    }
  }
}

function root(parent: Int32Array, run: number): number {
  let at = run;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]!]!;
    at = parent[at]!;
  }
  return at;
}

function unite(parent: Int32Array, a: number, b: number): void {
  // most are joined already, by a row seen before
  if (parent[a] === parent[b]) return;
  const first = root(parent, a);
  const second = root(parent, b);
  parent[Math.max(first, second)] = Math.min(first, second);
}

function writeLabels(
  parent: Int32Array,
  { starts, ends, ofRow }: Runs,
  [nx, ny, nz]: Size,
): { readonly labels: Int32Array; readonly count: number } {
  const labels = new Int32Array(nx * ny * nz);
  const labelOf = new Int32Array(parent.length);
  let count = 0;
  for (let row = 0; row < ny * nz; row += 1) {
    for (let run = ofRow[row]!; run < ofRow[row + 1]!; run += 1) {
      // a root is the first run of its part, so it has its label before the others ask
      const top = root(parent, run);
      if (top === run) labelOf[run] = count += 1;
      const label = labelOf[top]!;
      for (let index = row * nx + starts[run]!; index < row * nx + ends[run]!; index += 1)
        labels[index] = label;
    }
  }
  return { labels, count };
}
