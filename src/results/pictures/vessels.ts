import { lpsToIndex, percentiles, type Volume } from '../../volume/index.ts';
import type { Window } from './grey.ts';
import type { Place } from './sheet.ts';

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

/** First and last index along x, y and z. */
export type Extent = readonly [Span, Span, Span];

export interface Span {
  readonly first: number;
  readonly last: number;
}

/** The smallest box that holds every voxel above 0 and every place, so that none is marked beside the picture. */
export function extentOf(volume: Volume, places: readonly Place[]): Extent {
  const { size, data } = volume;
  const [nx, ny] = size;
  const first: [number, number, number] = [...size];
  const last: [number, number, number] = [-1, -1, -1];
  const widen = (axis: 0 | 1 | 2, from: number, to: number): void => {
    first[axis] = Math.min(first[axis], Math.max(0, from));
    last[axis] = Math.max(last[axis], Math.min(size[axis] - 1, to));
  };
  for (let row = 0; row * nx < data.length; row += 1) {
    const line = data.subarray(row * nx, (row + 1) * nx);
    const from = line.findIndex((value) => value > 0);
    if (from < 0) continue;
    widen(
      0,
      from,
      line.findLastIndex((value) => value > 0),
    );
    widen(1, row % ny, row % ny);
    widen(2, Math.floor(row / ny), Math.floor(row / ny));
  }
  for (const { centreLpsMm } of places) {
    const at = lpsToIndex(volume, centreLpsMm);
    for (const axis of [0, 1, 2] as const)
      widen(axis, Math.floor(at[axis]) - aroundPlaces, Math.ceil(at[axis]) + aroundPlaces);
  }
  return [0, 1, 2].map((axis) =>
    last[axis]! < 0 ? { first: 0, last: size[axis]! - 1 } : { first: first[axis]!, last: last[axis]! },
  ) as unknown as Extent;
}

/** Voxels of room for a mark. */
const aroundPlaces = 8;
