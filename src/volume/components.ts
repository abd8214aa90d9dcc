import type { Size } from './types.ts';

export type Connectivity = 6 | 26;

/**
 * Labels connected foreground voxels, 1, 2, ... in the order of their first voxel; 0 is background. Two passes with
 * union-find over the neighbours already seen.
 */
export function labelComponents(
  mask: Uint8Array,
  size: Size,
  connectivity: Connectivity,
): { readonly labels: Int32Array; readonly count: number } {
  const labels = new Int32Array(mask.length);
  const parent: number[] = [0];
  const neighbours = seenNeighbours(connectivity);
  const steps = stepsOf(neighbours, size, connectivity);
  const [nx, ny, nz] = size;
  let index = 0;
  for (let z = 0; z < nz; z += 1) {
    for (let y = 0; y < ny; y += 1) {
      for (let x = 0; x < nx; x += 1, index += 1) {
        if (mask[index] === 0) continue;
        const inner = x > 0 && y > 0 && z > 0 && x < nx - 1 && y < ny - 1;
        labels[index] = inner
          ? joinInner(labels, parent, steps, index)
          : joinNeighbours(labels, parent, neighbours, { x, y, z, index, nx, ny });
      }
    }
  }
  return { labels, count: compact(labels, parent) };
}

type Offset = readonly [number, number, number];

function seenNeighbours(connectivity: Connectivity): readonly Offset[] {
  const six: readonly Offset[] = [
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, -1],
  ];
  if (connectivity === 6) return six;
  const all: Offset[] = [];
  for (const dz of [-1, 0]) {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        if (dz < 0 || dy < 0 || (dy === 0 && dx < 0)) all.push([dx, dy, dz]);
      }
    }
  }
  return all;
}

interface Steps {
  readonly all: Int32Array;
  /** Enough where the voxel before is set: of 26 neighbours, those behind are its own and already joined to it. */
  readonly ahead: Int32Array;
}

function stepsOf(neighbours: readonly Offset[], [nx, ny]: Size, connectivity: Connectivity): Steps {
  const places = (offsets: readonly Offset[]): Int32Array =>
    Int32Array.from(offsets, ([dx, dy, dz]) => dx + nx * (dy + ny * dz));
  const ahead = neighbours.filter(([dx]) => (connectivity === 26 ? dx === 1 : dx === 0));
  return { all: places(neighbours), ahead: places(ahead) };
}

/** Where every neighbour lies inside, which is nearly everywhere. */
function joinInner(labels: Int32Array, parent: number[], { all, ahead }: Steps, index: number): number {
  let label = labels[index - 1]!;
  const steps = label === 0 ? all : ahead;
  for (let place = 0; place < steps.length; place += 1) {
    const other = labels[index + steps[place]!]!;
    if (other === 0 || other === label) continue;
    label = label === 0 ? root(parent, other) : unite(parent, label, other);
  }
  if (label !== 0) return label;
  parent.push(parent.length);
  return parent.length - 1;
}

function joinNeighbours(
  labels: Int32Array,
  parent: number[],
  neighbours: readonly Offset[],
  at: { x: number; y: number; z: number; index: number; nx: number; ny: number },
): number {
  const { x, y, z, index, nx, ny } = at;
  let label = 0;
  for (const [dx, dy, dz] of neighbours) {
    const i = x + dx;
    const j = y + dy;
    if (i < 0 || i >= nx || j < 0 || j >= ny || z + dz < 0) continue;
    const other = labels[index + dx + nx * (dy + ny * dz)]!;
    if (other === 0) continue;
    label = label === 0 ? root(parent, other) : unite(parent, label, other);
  }
  if (label !== 0) return label;
  parent.push(parent.length);
  return parent.length - 1;
}

function root(parent: number[], label: number): number {
  let at = label;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]!]!;
    at = parent[at]!;
  }
  return at;
}

function unite(parent: number[], a: number, b: number): number {
  const first = root(parent, a);
  const second = root(parent, b);
  const low = Math.min(first, second);
  parent[Math.max(first, second)] = low;
  return low;
}

function compact(labels: Int32Array, parent: number[]): number {
  const final = new Int32Array(parent.length);
  let count = 0;
  for (let label = 1; label < parent.length; label += 1) {
    const top = root(parent, label);
    if (top === label) final[label] = count += 1;
    else final[label] = final[top]!;
  }
  for (let index = 0; index < labels.length; index += 1) labels[index] = final[labels[index]!]!;
  return count;
}
