import type { ManifestOf } from '../../inference/index.ts';
import { gaussianSmooth, type Size, type Volume } from '../../volume/index.ts';

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
  const near = dilated(arteries, size);
  const soft = gaussianSmooth(Float32Array.from(near), size, softenVoxels);
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
  return data.map((value, index) => (near[index] === 1 ? (value - mean) / spread : 0));
}

function scaledToOne(values: Float32Array): Float32Array {
  let top = 1e-6;
  for (const value of values) if (value > top) top = value;
  return values.map((value) => value / top);
}

/** The mask and its 18 neighbours, those that share a face or an edge. */
export function dilated(mask: Uint8Array, [nx, ny, nz]: Size): Uint8Array {
  const out = new Uint8Array(mask.length);
  const steps = neighbours.filter((step) => Math.abs(step[0]) + Math.abs(step[1]) + Math.abs(step[2]) <= 2);
  for (let index = 0; index < mask.length; index += 1) {
    if (mask[index] === 0) continue;
    const [x, y, z] = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))];
    for (const [dx, dy, dz] of steps) {
      const [i, j, k] = [x + dx, y + dy, z + dz];
      if (i >= 0 && j >= 0 && k >= 0 && i < nx && j < ny && k < nz) out[i + nx * (j + ny * k)] = 1;
    }
  }
  return out;
}

const neighbours = [-1, 0, 1].flatMap((dz) =>
  [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dx, dy, dz] as const)),
);

/**
 * 3-D Sobel: each axis scaled so that a unit step gives 1, combined as the root mean square of the three; the border is
 * repeated. Most of a vessel volume is 0, so only voxels beside one that is not are visited.
 */
export function sobelMagnitude(data: Float32Array, size: Size): Float32Array {
  const [nx, ny] = size;
  const out = new Float32Array(data.length);
  const edges = dilated(
    dilated(
      Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
      size,
    ),
    size,
  );
  for (let index = 0; index < data.length; index += 1) {
    if (edges[index] === 0) continue;
    out[index] = magnitudeAt(data, size, [
      index % nx,
      Math.floor(index / nx) % ny,
      Math.floor(index / (nx * ny)),
    ]);
  }
  return out;
}

function magnitudeAt(
  data: Float32Array,
  [nx, ny, nz]: Size,
  [x, y, z]: readonly [number, number, number],
): number {
  const clamp = (value: number, n: number): number => (value < 0 ? 0 : value >= n ? n - 1 : value);
  let [gx, gy, gz] = [0, 0, 0];
  for (const [dx, dy, dz] of neighbours) {
    const value = data[clamp(x + dx, nx) + nx * (clamp(y + dy, ny) + ny * clamp(z + dz, nz))]!;
    gx += dx * (2 - Math.abs(dy)) * (2 - Math.abs(dz)) * value;
    gy += dy * (2 - Math.abs(dx)) * (2 - Math.abs(dz)) * value;
    gz += dz * (2 - Math.abs(dx)) * (2 - Math.abs(dy)) * value;
  }
  return Math.sqrt((gx * gx + gy * gy + gz * gz) / 3) / 16;
}
