import type { HeadModel } from '../../inference/index.ts';
import { indexToLps, masked, percentiles, sampleSlice, type Size, type Volume } from '../../volume/index.ts';

type Recipe = HeadModel['manifest']['preprocessing'];

/** What the head network sees: 0..1 along the patient's axes, 0 outside the scan; and which voxels the scan covers. */
export interface Conformed {
  readonly image: Volume;
  readonly covered: Uint8Array;
}

/** A volume of `fromSpacingMm` on the network's grid; models/training does the same (golden vectors). */
export function conform(volume: Volume, recipe: Recipe): Conformed {
  let low = Infinity;
  for (const value of volume.data) if (value < low) low = value;
  // outside the volume samples are 0, so inside it nothing may be
  const lifted = { ...volume, data: volume.data.map((value) => value - low + 1) };
  const image = onGrid(lifted, gridOver(volume, recipe));
  const covered = Uint8Array.from(image.data, (value) => (value > 0 ? 1 : 0));
  const inside = masked(image.data, covered);
  const [least = 0, most = 1] = percentiles(inside, [0, recipe.normalisation.highPercentile]);
  const scale = 1 / Math.max(most - least, 1e-6);
  const data = image.data.map((value, index) =>
    covered[index] === 1 ? Math.min(1, Math.max(0, (value - least) * scale)) : 0,
  );
  return { image: { ...image, data }, covered };
}

/** The volume at the voxel centres of another grid; trilinear, 0 outside. */
export function onGrid(volume: Volume, grid: Omit<Volume, 'data'>): Volume {
  const [nx, ny, nz] = grid.size;
  const data = new Float32Array(nx * ny * nz);
  for (let slice = 0; slice < nz; slice += 1) data.set(sampleSlice(volume, grid, slice), slice * nx * ny);
  return { ...grid, data };
}

/** Along the patient's axes, from `insetMm` inside the low corner of the bounding box of the voxel centres to its high one. */
function gridOver(volume: Volume, { spacingMm, insetMm }: Recipe): Omit<Volume, 'data'> {
  const corners = [0, 1].flatMap((i) =>
    [0, 1].flatMap((j) => [0, 1].map((k) => indexToLps(volume, lastAt(volume, [i, j, k])))),
  );
  const along = ([0, 1, 2] as const).map((axis) => {
    const places = corners.map((corner) => corner[axis]);
    const low = Math.min(...places);
    const extent = Math.max(...places) - low;
    return {
      origin: low + insetMm,
      size: Math.floor(Math.max(extent - insetMm, 0) / spacingMm + 1e-6) + 1,
    };
  });
  return {
    size: along.map(({ size }) => size) as unknown as Size,
    spacingMm: [spacingMm, spacingMm, spacingMm],
    originLpsMm: along.map(({ origin }) => origin) as unknown as Volume['originLpsMm'],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
}

/** The voxel index of a corner: 0 the first, 1 the last along each axis. */
function lastAt({ size }: Volume, [i, j, k]: readonly [number, number, number]): [number, number, number] {
  return [i * (size[0] - 1), j * (size[1] - 1), k * (size[2] - 1)];
}
