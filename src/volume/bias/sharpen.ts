import { spectrumOf, transform, type Spectrum } from './fourier.ts';

/** Constants of N4 (Tustison et al., IEEE TMI 2010) as ITK sets them. */
const bins = 200;
const fullWidthHalfMaximum = 0.15;
const wienerNoise = 0.01;
/** 2^(ceil(log2 bins) + 1): as wide again, so that the ends of the histogram don't meet in the transform. */
const padded = 512;
const offset = (padded - bins) / 2;

/**
 * What the log intensities would be without the blur that a bias field puts on their histogram: the histogram is deconvolved by a
 * Gaussian with a Wiener filter, and each value becomes the expected true value behind it. Same length; all values equal: unchanged.
 */
export function sharpen(values: Float64Array): Float64Array {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return values.slice();
  const width = (high - low) / (bins - 1);
  const expected = expectedValues(histogram(values, low, width), low, width);
  const sharp = new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const place = (values[index]! - low) / width;
    const bin = Math.min(Math.floor(place), bins - 2);
    sharp[index] = expected[bin]! + (expected[bin + 1]! - expected[bin]!) * Math.min(1, place - bin);
  }
  return sharp;
}

/** Triangular Parzen window: a value between two bins counts in both. */
function histogram(values: Float64Array, low: number, width: number): Float64Array {
  const counts = new Float64Array(padded);
  for (const value of values) {
    const place = (value - low) / width;
    const bin = Math.floor(place);
    const share = place - bin;
    if (share === 0) counts[offset + bin]! += 1;
    else if (bin < bins - 1) {
      counts[offset + bin]! += 1 - share;
      counts[offset + bin + 1]! += share;
    }
  }
  return counts;
}

/** E(u | v) for each bin of v. */
function expectedValues(counts: Float64Array, low: number, width: number): Float64Array {
  const blur = spectrumOf(gaussian(width));
  const sharp = deconvolved(counts, blur);
  const weighted = sharp.map((count, bin) => (low + (bin - offset) * width) * count);
  const numerator = convolved(weighted, blur);
  const denominator = convolved(sharp, blur);
  const ratio = numerator.map((value, bin) => (denominator[bin] === 0 ? 0 : value / denominator[bin]!));
  return ratio.slice(offset, offset + bins);
}

function gaussian(width: number): Float64Array {
  const scaled = fullWidthHalfMaximum / width;
  const exponent = (4 * Math.LN2) / scaled ** 2;
  const scale = (2 * Math.sqrt(Math.LN2 / Math.PI)) / scaled;
  return Float64Array.from({ length: padded }, (_, bin) => {
    const distance = Math.min(bin, padded - bin);
    return scale * Math.exp(-distance * distance * exponent);
  });
}

function deconvolved(counts: Float64Array, blur: Spectrum): Float64Array {
  const { real, imaginary } = spectrumOf(counts);
  for (let bin = 0; bin < padded; bin += 1) {
    const power = blur.real[bin]! ** 2 + blur.imaginary[bin]! ** 2;
    const wiener = blur.real[bin]! / (power + wienerNoise);
    real[bin]! *= wiener;
    imaginary[bin]! *= wiener;
  }
  return transform({ real, imaginary }, 'inverse').real.map((count) => Math.max(0, count));
}

function convolved(values: Float64Array, blur: Spectrum): Float64Array {
  const { real, imaginary } = spectrumOf(values);
  for (let bin = 0; bin < padded; bin += 1) {
    const [re, im] = [real[bin]!, imaginary[bin]!];
    real[bin] = re * blur.real[bin]! - im * blur.imaginary[bin]!;
    imaginary[bin] = re * blur.imaginary[bin]! + im * blur.real[bin]!;
  }
  return transform({ real, imaginary }, 'inverse').real;
}
