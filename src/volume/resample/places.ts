import type { Volume } from '../types.ts';

/** Where the output voxels of each axis lie among the source's, in source voxels with fractions, 0 to n - 1. */
export type AxisPlaces = readonly [Float64Array, Float64Array, Float64Array];

/** Of the isotropic grid of `spacingMm` whose voxel 0 is the source's: as many voxels as lie within the source. */
export function isotropicPlaces({ size, spacingMm: steps }: Volume, spacingMm: number): AxisPlaces {
  return size.map((n, axis) => placesAlong(n, steps[axis]! / spacingMm)) as unknown as AxisPlaces;
}

function placesAlong(n: number, step: number): Float64Array {
  const count = Math.floor((n - 1) * step + 1e-6) + 1;
  return Float64Array.from({ length: count }, (_, index) => Math.min(index / step, n - 1));
}
