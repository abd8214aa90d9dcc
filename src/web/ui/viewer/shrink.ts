import type { Grid, Triple } from './grid.ts';

/** A volume of 8 bits for the 3D picture; its axes count to the Left, Posterior and Superior. */
export interface Reduced {
  readonly values: Uint8Array;
  readonly size: Triple;
  readonly spacingMm: Triple;
  /** Centre of its first voxel in voxels of the grid it was made from. */
  readonly firstVoxel: Triple;
  /** Voxels of the grid in one of its own, along each axis. */
  readonly factors: Triple;
}

/**
 * Windowed to 8 bits and, where the grid has more than `mostVoxels`, reduced: the brightest voxel of each block stays, so that thin
 * arteries do. The axis with the finest steps is halved first.
 */
export function reduce(grid: Grid, mostVoxels: number): Reduced {
  const factors = factorsFor(grid, mostVoxels);
  const size = grid.size.map((n, axis) => Math.floor(n / factors[axis]!)) as [number, number, number];
  const values = new Uint8Array(size[0] * size[1] * size[2]);
  const { low, high } = grid.window;
  const scale = 255 / Math.max(high - low, 1e-6);
  let at = 0;
  for (let z = 0; z < size[2]; z += 1)
    for (let y = 0; y < size[1]; y += 1)
      for (let x = 0; x < size[0]; x += 1) {
        const value = (brightest(grid, factors, [x, y, z]) * grid.slope - low) * scale;
        values[at] = value <= 0 ? 0 : value >= 255 ? 255 : value;
        at += 1;
      }
  return {
    values,
    size,
    factors,
    spacingMm: grid.spacingMm.map((step, axis) => step * factors[axis]!) as [number, number, number],
    firstVoxel: factors.map((factor) => (factor - 1) / 2) as [number, number, number],
  };
}

function factorsFor(grid: Grid, mostVoxels: number): Triple {
  const factors: [number, number, number] = [1, 1, 1];
  const voxels = (): number =>
    grid.size.reduce((product, n, axis) => product * Math.floor(n / factors[axis]!), 1);
  while (voxels() > mostVoxels) {
    const steps = factors.map((factor, axis) => factor * grid.spacingMm[axis]!);
    factors[steps.indexOf(Math.min(...steps))]! *= 2;
  }
  return factors;
}

function brightest(grid: Grid, factors: Triple, [x, y, z]: Triple): number {
  const { values, strides, first } = grid;
  let most = -Infinity;
  for (let k = z * factors[2]; k < (z + 1) * factors[2]; k += 1)
    for (let j = y * factors[1]; j < (y + 1) * factors[1]; j += 1) {
      let at = first + x * factors[0] * strides[0] + j * strides[1] + k * strides[2];
      for (let i = 0; i < factors[0]; i += 1, at += strides[0]) if (values[at]! > most) most = values[at]!;
    }
  return most;
}
