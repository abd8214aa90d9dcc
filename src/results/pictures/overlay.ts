import { indexToLps, lpsToIndex, type Vector, type Volume } from '../../volume/index.ts';
import { heatColours, hatchedFrom, overlayFrom, overlayStrength } from './colour.ts';
import type { Plane } from './grey.ts';
import type { ColourPicture, GreyPicture } from './picture.ts';
import { sampleLinear } from './sample.ts';

/** A grey picture with the probability in colour over it; where there is none the grey is untouched. */
export function tinted({ grey, width, height }: GreyPicture, probability: Plane): ColourPicture {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    const value = probability.values[pixel]!;
    const share = value <= overlayFrom ? 0 : overlayStrength * Math.min(1, (value - overlayFrom) / 0.3);
    const colour = Math.round(value * 255) * 3;
    for (let channel = 0; channel < 3; channel += 1)
      rgb[pixel * 3 + channel] = grey[pixel]! * (1 - share) + heatColours[colour + channel]! * share;
  }
  return { width, height, rgb };
}

/**
 * The same without colour: a white contour with a black rim just outside of what the overlay would tint, and diagonal
 * stripes, every other one white and black, from `hatchedFrom` on; between the stripes the source shows.
 */
export function patterned(picture: GreyPicture, probability: Plane, strokePixels = 1): GreyPicture {
  const { width, height } = picture;
  const grey = Uint8Array.from(picture.grey);
  const { values } = probability;
  const region = new Uint8Array(values.length);
  for (let pixel = 0; pixel < region.length; pixel += 1) region[pixel] = values[pixel]! > overlayFrom ? 1 : 0;
  const contour = ringAround(region, width, height, strokePixels);
  const outside = Uint8Array.from(region, (inside, pixel) => inside | contour[pixel]!);
  const rim = ringAround(outside, width, height, strokePixels);
  const period = 6 * strokePixels;
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    if (rim[pixel] === 1) grey[pixel] = 0;
    if (contour[pixel] === 1) grey[pixel] = 255;
    if (values[pixel]! < hatchedFrom) continue;
    const phase = ((pixel % width) + Math.floor(pixel / width)) % period;
    if (phase < strokePixels) grey[pixel] = 255;
    else if (phase >= period / 2 && phase < period / 2 + strokePixels) grey[pixel] = 0;
  }
  return { width, height, grey };
}

/** The pixels outside a region that lie within `reach` of it along a row, a column or a diagonal. */
function ringAround(region: Uint8Array, width: number, height: number, reach: number): Uint8Array {
  const ring = new Uint8Array(region.length);
  for (let pixel = 0; pixel < region.length; pixel += 1) {
    if (region[pixel] === 0) continue;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row += 1) {
      for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column += 1) {
        if (region[row * width + column] === 0) ring[row * width + column] = 1;
      }
    }
  }
  return ring;
}

/** The probability on a slice of the source grid; 0 beyond the map. `reach` (of the map) lets far rows be skipped. */
export function probabilityOn(slice: number, grid: Volume, map: Volume, reach: Reach): Plane {
  const [width, height] = grid.size;
  const values = new Float32Array(width * height);
  if (reach === null) return { values, width, height };
  const at = (i: number, j: number): Vector => lpsToIndex(map, indexToLps(grid, [i, j, slice]));
  const origin = at(0, 0);
  const alongRow = step(origin, at(1, 0));
  const downColumn = step(origin, at(0, 1));
  for (let j = 0; j < height; j += 1) {
    const row = origin.map((value, axis) => value + j * downColumn[axis]!) as unknown as Vector;
    const [from, to] = spanInside(row, alongRow, reach, width);
    for (let i = from; i <= to; i += 1) {
      values[j * width + i] = sampleLinear(
        map,
        row[0] + i * alongRow[0],
        row[1] + i * alongRow[1],
        row[2] + i * alongRow[2],
      );
    }
  }
  return { values, width, height };
}

/** Box of the map, in its voxels, outside of which no sample reaches `overlayFrom`; null where nothing does. */
export type Reach = { readonly low: Vector; readonly high: Vector } | null;

export function reachOf({ size: [nx, ny, nz], data }: Volume): Reach {
  const low: [number, number, number] = [nx, ny, nz];
  const high: [number, number, number] = [-1, -1, -1];
  for (let index = 0; index < data.length; index += 1) {
    if (data[index]! <= overlayFrom) continue;
    const at = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))] as const;
    for (const axis of [0, 1, 2] as const) {
      low[axis] = Math.min(low[axis], at[axis] - 1);
      high[axis] = Math.max(high[axis], at[axis] + 1);
    }
  }
  return high[0] < 0 ? null : { low, high };
}

/** First and last column whose sample lies inside the box; first > last where none does. */
function spanInside(
  row: Vector,
  alongRow: Vector,
  { low, high }: NonNullable<Reach>,
  width: number,
): readonly [number, number] {
  let [from, to] = [0, width - 1];
  for (const axis of [0, 1, 2] as const) {
    const perColumn = alongRow[axis];
    if (Math.abs(perColumn) < 1e-9) {
      if (row[axis] < low[axis] || row[axis] > high[axis]) return [0, -1];
      continue;
    }
    const ends = [(low[axis] - row[axis]) / perColumn, (high[axis] - row[axis]) / perColumn];
    from = Math.max(from, Math.floor(Math.min(...ends)));
    to = Math.min(to, Math.ceil(Math.max(...ends)));
  }
  return [from, to];
}

function step(from: Vector, to: Vector): Vector {
  return [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
}
