import { percentiles } from '../../volume/index.ts';
import type { GreyPicture } from './picture.ts';

/** Grey values from `low` (black) to `high` (white). */
export interface Window {
  readonly low: number;
  readonly high: number;
}

/** Values of a plane, row by row. */
export interface Plane {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

const sampleEvery = 97;

/** A window that shows tissue dark and vessels bright: from the 1st to the 99.9th percentile of a sample of the voxels. */
export function windowOf(data: Float32Array): Window {
  const sample = new Float32Array(Math.ceil(data.length / sampleEvery));
  for (let index = 0; index < sample.length; index += 1) sample[index] = data[index * sampleEvery]!;
  const [low = 0, high = 1] = percentiles(sample, [1, 99.9]);
  return { low, high: high > low ? high : low + 1 };
}

export function toGrey({ values, width, height }: Plane, window: Window): GreyPicture {
  const grey = new Uint8Array(values.length);
  const scale = 255 / (window.high - window.low);
  for (let index = 0; index < values.length; index += 1) {
    grey[index] = Math.max(0, Math.min(255, (values[index]! - window.low) * scale));
  }
  return { width, height, grey };
}
