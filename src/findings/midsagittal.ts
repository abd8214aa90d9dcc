import { dot, indexToLps, median, subtract, type Vector, type Volume } from '../volume/index.ts';
import type { PointLpsMm } from './types.ts';

/** A plane between the halves of the head; `leftLps` is its unit normal, towards the patient's left. */
interface Plane {
  readonly pointLpsMm: PointLpsMm;
  readonly leftLps: Vector;
}

/** Two estimates of the mid-sagittal plane: where they differ the head is turned in its images, and a side is told only where both tell it. */
export interface Midsagittal {
  /** At right angles to the rows of the images. */
  readonly ofImages: Plane;
  /** Turned in the images as the outline of the head is; the same plane where the outline does not tell. */
  readonly ofHead: Plane;
}

/** How far to the left of the plane at right angles to the rows, mm: what the model that names arteries was trained with. */
export function leftOfMidlineMm({ ofImages }: Midsagittal, place: PointLpsMm): number {
  return leftOf(ofImages, place);
}

/** How far to the left of both planes, mm, negative to the right; 0 between them. */
export function surelyLeftMm({ ofImages, ofHead }: Midsagittal, place: PointLpsMm): number {
  const one = leftOf(ofImages, place);
  const other = leftOf(ofHead, place);
  if (one > 0 !== other > 0) return 0;
  return Math.abs(one) < Math.abs(other) ? one : other;
}

/** The mid-sagittal plane of a head mask on a grid in LPS orientation, however the grid is turned in the patient. */
export function midsagittal(grid: Volume, mask: Uint8Array): Midsagittal {
  const rows = rowMiddles(grid, mask);
  const middle = median(rows.flat()) ?? (grid.size[0] - 1) / 2;
  const [, ny, nz] = grid.size;
  const pointLpsMm = indexToLps(grid, [middle, (ny - 1) / 2, (nz - 1) / 2]);
  const [x, y, z] = grid.directions;
  const ofImages = { pointLpsMm, leftLps: x };
  const { backwards, upwards } = turnOf(grid, mask, rows);
  const normal = [0, 1, 2].map((axis) => x[axis]! - backwards * y[axis]! - upwards * z[axis]!);
  const length = Math.hypot(...normal);
  const leftLps = normal.map((value) => value / length) as unknown as Vector;
  return { ofImages, ofHead: { pointLpsMm, leftLps } };
}

function leftOf({ pointLpsMm, leftLps }: Plane, place: PointLpsMm): number {
  return dot(subtract(place, pointLpsMm), leftLps);
}

/** The middle column of the head in each row, a list a slice. A short chord near the edge of the head says little about its middle. */
function rowMiddles({ size: [nx, ny, nz] }: Volume, mask: Uint8Array): readonly (readonly number[])[] {
  return Array.from({ length: nz }, (_, slice) => {
    const middles: number[] = [];
    for (let row = slice * ny; row < (slice + 1) * ny; row += 1) {
      const line = mask.subarray(row * nx, (row + 1) * nx);
      const first = line.indexOf(1);
      const last = line.lastIndexOf(1);
      if (first >= 0 && last - first >= 0.4 * nx) middles.push((first + last) / 2);
    }
    return middles;
  });
}

interface Turn {
  /** How far the plane runs to the left on its way backwards, mm a mm: tan of the yaw. */
  readonly backwards: number;
  /** And upwards: tan of the roll. */
  readonly upwards: number;
}

/** Shorter and longer axis of a head are at most this much alike; of a rounder one the outline does not tell the direction. */
const roundestHead = 0.95;
/** A head cut off by the border of its images has the outline of the images. */
const leastWholeShare = 0.25;

/**
 * A body that is its own mirror image has the mirror among its principal axes. The middles of rows alone would not do: in a turned
 * ellipse they lie on its conjugate diameter, which turns by a third of the angle.
 */
function turnOf(grid: Volume, mask: Uint8Array, rows: readonly (readonly number[])[]): Turn {
  const { size, spacingMm } = grid;
  const plane = size[0] * size[1];
  const slices = Array.from({ length: size[2] }, (_, slice) =>
    mask.subarray(slice * plane, (slice + 1) * plane),
  );
  const whole = slices.map((slice) => momentsOf(slice, grid)).filter((moments) => moments !== null);
  const middles = rows.map(median);
  const upwards = (slopeOf(middles) * spacingMm[0]) / spacingMm[2];
  if (whole.length < leastWholeShare * size[2]) return { backwards: 0, upwards };
  const sum = (key: keyof Moments): number => whole.reduce((total, moments) => total + moments[key], 0);
  const [xx, xy, yy] = [sum('xx'), sum('xy'), sum('yy')];
  const spread = Math.hypot(yy - xx, 2 * xy);
  const isRound = Math.sqrt((xx + yy - spread) / (xx + yy + spread)) > roundestHead;
  return { backwards: isRound ? 0 : Math.tan(Math.atan2(2 * xy, yy - xx) / 2), upwards };
}

/** Second moments about the centroid, mm^4. */
interface Moments {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

/** Of the head in one slice; null where it reaches the border, or there is none. */
function momentsOf(slice: Uint8Array, { size: [nx, ny], spacingMm: [dx, dy] }: Volume): Moments | null {
  const sums = { n: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 };
  for (let index = 0; index < slice.length; index += 1) {
    if (slice[index] === 0) continue;
    const i = index % nx;
    const j = Math.floor(index / nx);
    if (i === 0 || j === 0 || i === nx - 1 || j === ny - 1) return null;
    sums.n += 1;
    sums.x += i * dx;
    sums.y += j * dy;
    sums.xx += (i * dx) ** 2;
    sums.xy += i * dx * j * dy;
    sums.yy += (j * dy) ** 2;
  }
  const { n, x, y } = sums;
  if (n === 0) return null;
  return { xx: sums.xx - (x * x) / n, xy: sums.xy - (x * y) / n, yy: sums.yy - (y * y) / n };
}

/** The median slope (Theil and Sen) of values a step apart; neighbours say little about a slope and are left out. */
function slopeOf(values: readonly (number | null)[]): number {
  const slopes: number[] = [];
  const least = Math.max(1, values.length >> 2);
  for (const [from, start] of values.entries())
    for (const [step, end] of values.slice(from + least).entries())
      if (start !== null && end !== null) slopes.push((end - start) / (step + least));
  return median(slopes) ?? 0;
}
