import type { ManifestOf } from '../../inference/index.ts';
import { dilated, gaussianSmooth, sobelMagnitude, type Volume } from '../../volume/index.ts';

/** What the fine network sees as its two channels; the coarse one sees the first. */
export interface Channels {
  /** The arteries and their neighbours. */
  readonly near: Uint8Array;
  /** The image inside `near`, z-scored there, 0 elsewhere. */
  readonly vessels: Float32Array;
  /** Sobel magnitude of the softened `near`, 0..1. */
  readonly contour: Float32Array;
}

/** The published order: arteries, dilated a little, Sobel; one scale for the contour (models: a unit step gives 1 an axis). */
export function channelsOf(
  { data, size }: Volume,
  arteries: Uint8Array,
  { softenVoxels }: ManifestOf<'tof-coarse-fine'>['preprocessing']['contour'],
): Channels {
  const near = dilated(arteries, size, 18);
  const soft = gaussianSmooth(new Float32Array(near), size, softenVoxels);
  return { near, vessels: zScored(data, near), contour: scaledToOne(sobelMagnitude(soft, size)) };
}

function zScored(data: Float32Array, near: Uint8Array): Float32Array {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < data.length; index += 1) {
    if (near[index] === 0) continue;
    count += 1;
    sum += data[index]!;
    squares += data[index]! ** 2;
  }
  const mean = sum / Math.max(1, count);
  const spread = Math.max(Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)), 1e-6);
  const scored = new Float32Array(data.length);
  for (let index = 0; index < data.length; index += 1)
    if (near[index] === 1) scored[index] = (data[index]! - mean) / spread;
  return scored;
}

/** In place: a field of this grid has a hundred megabytes. */
function scaledToOne(values: Float32Array): Float32Array {
  let top = 1e-6;
  for (let index = 0; index < values.length; index += 1) top = Math.max(top, values[index]!);
  for (let index = 0; index < values.length; index += 1) values[index]! /= top;
  return values;
}
