import { codes } from '../dicom/index.ts';
import type { Volume } from '../volume/index.ts';
import type { PointLpsMm, Site } from './types.ts';

/** Nearer to the midline than this, the side is not told: the estimate of the plane is no better. */
const midlineMm = 4;

/**
 * The site as this version can tell it: a cerebral artery, and its side. Which artery is not told apart (that needs an
 * artery atlas), so the code is the general one.
 */
export function describeSite(centreLpsMm: PointLpsMm, midsagittalXMm: number): Site {
  const offset = centreLpsMm[0] - midsagittalXMm;
  const laterality = Math.abs(offset) < midlineMm ? null : offset > 0 ? 'left' : 'right';
  const { value, scheme, meaning } = codes.cerebralArtery;
  return { value, scheme, meaning, laterality };
}

/** Where the mid-sagittal plane cuts the x axis of LPS, mm: the middle of the head mask, slice row by slice row, the median of it. */
export function midsagittal(grid: Volume, mask: Uint8Array): number {
  const [nx, ny, nz] = grid.size;
  const middles: number[] = [];
  for (let row = 0; row < ny * nz; row += 1) {
    const line = mask.subarray(row * nx, (row + 1) * nx);
    const first = line.indexOf(1);
    // a short chord near the edge of the head says little about its middle
    if (first < 0 || line.lastIndexOf(1) - first < 0.4 * nx) continue;
    middles.push((first + line.lastIndexOf(1)) / 2);
  }
  middles.sort((a, b) => a - b);
  const middle = middles[middles.length >> 1] ?? (nx - 1) / 2;
  return grid.originLpsMm[0] + middle * grid.spacingMm[0] * grid.directions[0][0];
}
