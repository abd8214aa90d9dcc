import type { Reason } from '../findings/index.ts';
import { masked, percentiles, type Volume } from '../volume/index.ts';

/** A head of half a year has this at its widest, an adult's 180 to 230; knees and calves have less. */
const leastHeadCm2 = 140;
/**
 * The brightest thousandth of a head is arteries: two to three times as bright as brain. In a body without vessels it is noise, or
 * what a coil makes bright.
 */
const arteryPercentile = 99.9;
const leastContrast = 0.3;

/** Why what a TOF series shows is no angiogram of a head, though tissue fills it: a limb, a phantom without vessels. `mask` is 1 in the body. */
export function angiogramProblem(grey: Volume, mask: Uint8Array, id: string): Reason | null {
  const areaCm2 = wholeAreaCm2(grey, mask);
  if (areaCm2 !== null && areaCm2 < leastHeadCm2) {
    const text = `No head was found: the body in the images is ${areaCm2.toFixed(0)} cm2 at its widest, ${id} takes what has less than ${leastHeadCm2} for a limb. Is it another part of the body?`;
    return { code: 'HEAD_NOT_FOUND', text };
  }
  const contrast = contrastOf(grey, mask);
  if (contrast >= leastContrast) return null;
  const text = `No arteries were found: the brightest of the images is ${(contrast * 100).toFixed(0)} % brighter than most of the body, ${id} needs ${leastContrast * 100} %. Is it a phantom, or no angiogram?`;
  return { code: 'VESSELS_NOT_FOUND', text };
}

/** Of the body in its widest slice; null where the images cut it off, so that nobody knows. */
function wholeAreaCm2({ size: [nx, ny, nz], spacingMm }: Volume, mask: Uint8Array): number | null {
  let widest = 0;
  for (let slice = 0; slice < nz; slice += 1) {
    let area = 0;
    for (let index = slice * nx * ny; index < (slice + 1) * nx * ny; index += 1) {
      if (mask[index] === 0) continue;
      const [x, y] = [index % nx, Math.floor(index / nx) % ny];
      if (x === 0 || y === 0 || x === nx - 1 || y === ny - 1) return null;
      area += 1;
    }
    widest = Math.max(widest, area);
  }
  return (widest * spacingMm[0] * spacingMm[1]) / 100;
}

/** How much brighter arteries are than the middle of the body, as a share of that; above the darkest value. */
function contrastOf({ data }: Volume, mask: Uint8Array): number {
  let low = Infinity;
  for (const value of data) if (value < low) low = value;
  const [middle = 0, arteries = 0] = percentiles(masked(data, mask), [50, arteryPercentile]);
  return (arteries - middle) / Math.max(middle - low, 1e-6);
}
