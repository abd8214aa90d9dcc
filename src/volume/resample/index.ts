import { gaussianSmooth } from '../smooth.ts';
import type { Size, Volume } from '../types.ts';
import { cubic } from './cubic.ts';
import { linear } from './linear.ts';
import { nearest } from './nearest.ts';
import { isotropicPlaces, type AxisPlaces } from './places.ts';

/** How voxels of another grid get their values; a network is given the one it was trained behind. */
export interface Resampling {
  readonly interpolation: 'linear' | 'cubic' | 'nearest';
  /** A Gaussian before it along the axes that get coarser, so that what the new grid can't hold does not come back as a pattern. */
  readonly antiAlias: boolean;
}

/**
 * Resampling to isotropic `spacingMm`. Voxel 0 stays on voxel 0; n_out = floor((n_in - 1) * step / spacing + 1e-6) + 1, so no voxel
 * lies outside the source. Left out, `how` is what the shipped bundles are trained behind: trilinear and no low-pass.
 */
export function resampleIsotropic(
  volume: Volume,
  spacingMm: number,
  how: Resampling = { interpolation: 'linear', antiAlias: false },
): Volume {
  const places = isotropicPlaces(volume, spacingMm);
  const source = how.antiAlias ? lowPassed(volume, spacingMm) : volume;
  return {
    ...volume,
    size: places.map(({ length }) => length) as unknown as Size,
    spacingMm: [spacingMm, spacingMm, spacingMm],
    data: methods[how.interpolation](source, places),
  };
}

const methods: Readonly<
  Record<Resampling['interpolation'], (volume: Volume, places: AxisPlaces) => Float32Array>
> = { linear, cubic, nearest };

/** Sigma 0.5 * sqrt(factor^2 - 1) source voxels: with the half voxel that a source voxel is wide, half a voxel of the new grid. */
function lowPassed(volume: Volume, spacingMm: number): Volume {
  const sigmas = volume.spacingMm.map((step) => {
    const factor = spacingMm / step;
    return factor > 1 ? 0.5 * Math.sqrt(factor * factor - 1) : 0;
  }) as unknown as Size;
  return { ...volume, data: gaussianSmooth(volume.data, volume.size, sigmas) };
}
