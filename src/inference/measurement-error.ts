import type { BundleManifest } from './manifest.ts';

/** Follow-up studies take 1 mm as growth of an unruptured aneurysm (ELAPSS: Backes et al., Neurology 2017). */
const clinicalMm = 1;

/**
 * The least difference of two largest diameters that is a change: 1 mm, or where that is more the repeatability coefficient 1.96 sqrt(2) SD
 * (Bland and Altman, Lancet 1986). SD is what the bundle's card measured; or at least what voxels of `voxelMm` do: an end lies anywhere
 * in its voxel, so both together spread by sqrt(2 / 12) of one.
 */
export function leastChangeMm(manifest: BundleManifest, voxelMm: number): number {
  const measured = manifest.pipeline === 'tof-patch' ? manifest.measures.diameterResidualSdMm : 0;
  const sd = Math.max(measured, voxelMm / Math.sqrt(6));
  return Math.max(clinicalMm, 1.96 * Math.SQRT2 * sd);
}
