import { percentiles, type Volume } from '../../volume/index.ts';
import type { Window } from './grey.ts';

/** The outermost shell of the head is bright fat: in a projection it would hide the arteries, so it is taken away. */
export function withoutShell(image: Volume): Volume {
  const [nx, ny] = image.size;
  const data = Float32Array.from(image.data);
  const plane = nx * ny;
  for (let start = 0; start < data.length; start += plane) {
    for (let y = 0; y < ny; y += 1) clearEnds(data, image, { start: start + y * nx, step: 1, count: nx });
    for (let x = 0; x < nx; x += 1) clearEnds(data, image, { start: start + x, step: nx, count: ny });
  }
  return { ...image, data };
}

const shellMm = 14;

function clearEnds(
  out: Float32Array,
  image: Volume,
  line: { readonly start: number; readonly step: number; readonly count: number },
): void {
  const { start, step, count } = line;
  const depth = Math.round(shellMm / image.spacingMm[0]);
  let first = 0;
  while (first < count && image.data[start + first * step]! === 0) first += 1;
  let last = count - 1;
  while (last > first && image.data[start + last * step]! === 0) last -= 1;
  if (last - first < 4 * depth) return;
  for (let index = 0; index < depth; index += 1) {
    out[start + (first + index) * step] = 0;
    out[start + (last - index) * step] = 0;
  }
}

const sampleEvery = 5;
/** Arteries fill one to three hundredths of a slab around the head. */
const [vesselsFrom, brightest] = [97, 99.95];

/** A window in which tissue is black and only vessels show. The share of bright voxels decides, not their number: 0 outside counts. */
export function vesselWindow({ data }: Volume): Window {
  const sample = new Float32Array(Math.ceil(data.length / sampleEvery));
  for (let index = 0; index < sample.length; index += 1) sample[index] = data[index * sampleEvery]!;
  const [low = 0, high = 1] = percentiles(sample, [vesselsFrom, brightest]);
  return { low, high: high > low ? high : low + 1 };
}

/** The smallest box that holds every voxel above 0: first and last index along x, y, z; null for an empty volume. */
export function extentOf({ size: [nx, ny, nz], data }: Volume): readonly [Span, Span, Span] | null {
  const [x, y, z]: [Span, Span, Span] = [
    { first: nx, last: -1 },
    { first: ny, last: -1 },
    { first: nz, last: -1 },
  ];
  for (let row = 0; row < ny * nz; row += 1) {
    for (let i = 0; i < nx; i += 1) {
      if (data[row * nx + i]! <= 0) continue;
      widen(x, i);
      widen(y, row % ny);
      widen(z, Math.floor(row / ny));
    }
  }
  return x.last < 0 ? null : [x, y, z];
}

export interface Span {
  first: number;
  last: number;
}

function widen(span: Span, index: number): void {
  if (index < span.first) span.first = index;
  if (index > span.last) span.last = index;
}
