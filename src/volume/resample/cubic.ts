import type { Volume } from '../types.ts';
import type { AxisPlaces } from './places.ts';

/**
 * The cubic B-spline through the voxels (Unser, IEEE Signal Processing Magazine 1999), the border mirrored about its last voxel: scipy's
 * mode `mirror`, and ITK's only one. Coefficients and values of one axis do not ask for those of another, so each axis is finished before
 * the next and no volume of coefficients is held. Columns come last: they are the slowest to read, and then the fewest.
 */
export function cubic({ size: [nx, ny, nz], data }: Volume, [xs, ys, zs]: AxisPlaces): Float32Array {
  const plane = nx * ny;
  const alongZ = resampleAxis(data, { across: plane, step: 1, count: nz, stride: plane, blocks: 1 }, zs);
  const rows = { across: nx, step: 1, count: ny, stride: nx, blocks: zs.length };
  const alongY = resampleAxis(alongZ, rows, ys);
  const columns = { across: ys.length * zs.length, step: nx, count: nx, stride: 1, blocks: 1 };
  return resampleAxis(alongY, columns, xs);
}

/** An array as `blocks` of `across` lines, `step` apart, of `count` values that lie `stride` apart; resampled is along the lines. */
interface Layout {
  readonly across: number;
  readonly step: number;
  readonly count: number;
  readonly stride: number;
  readonly blocks: number;
}

/** Lines that are worked on at a time, side by side: they stay in the cache. */
const mostLines = 128;

function resampleAxis(from: Float32Array, layout: Layout, places: Float64Array): Float32Array {
  const { across, step, count, stride, blocks } = layout;
  const out = new Float32Array(across * places.length * blocks);
  const outStep = stride === 1 ? places.length : step;
  const taps = tapsAt(places, count);
  const lines = new Float64Array(count * mostLines);
  for (let block = 0; block < blocks; block += 1) {
    for (let first = 0; first < across; first += mostLines) {
      const used = Math.min(mostLines, across - first);
      const read = block * across * count + first * step;
      for (let at = 0; at < count; at += 1)
        for (let line = 0; line < used; line += 1)
          lines[at * used + line] = from[read + at * stride + line * step]!;
      toCoefficients(lines, count, used);
      const start = block * across * places.length + first * outStep;
      evaluate(out, lines, taps, { used, start, step: outStep, stride });
    }
  }
  return out;
}

const pole = Math.sqrt(3) - 2;
/** Voxels after which the border is forgotten: the pole's power is below double precision. */
const horizon = 30;

/** `used` lines side by side, in place: a recursion along them and one back. */
function toCoefficients(lines: Float64Array, count: number, used: number): void {
  // the spline through one voxel is constant
  if (count === 1) return;
  const last = (count - 1) * used;
  const around = pole ** (count - 1);
  for (let x = 0; x < used; x += 1) {
    let first = lines[x]! + around * lines[last + x]!;
    let power = pole;
    for (let line = 1; line < Math.min(count - 1, horizon); line += 1) {
      first += power * (lines[line * used + x]! + around * lines[last - line * used + x]!);
      power *= pole;
    }
    lines[x] = first / (1 - around * around);
  }
  for (let at = used; at < last + used; at += 1) lines[at]! += pole * lines[at - used]!;
  for (let at = last; at < last + used; at += 1)
    lines[at] = (pole / (pole * pole - 1)) * (lines[at]! + pole * lines[at - used]!);
  for (let at = last - 1; at >= 0; at -= 1) lines[at] = pole * (lines[at + used]! - lines[at]!);
}

/** The four coefficients about each place, and what each adds. */
interface Taps {
  readonly voxels: Int32Array;
  readonly weights: Float64Array;
}

function tapsAt(places: Float64Array, count: number): Taps {
  const voxels = new Int32Array(4 * places.length);
  const weights = new Float64Array(4 * places.length);
  for (const [index, place] of places.entries()) {
    const low = Math.floor(place);
    const t = place - low;
    // of the B-spline, times the gain 6 of the recursions
    weights.set([(1 - t) ** 3, 4 - 6 * t * t + 3 * t ** 3, 1 + 3 * (t + t * t - t ** 3), t ** 3], 4 * index);
    for (let tap = 0; tap < 4; tap += 1) voxels[4 * index + tap] = mirrored(low - 1 + tap, count);
  }
  // one voxel has no recursion, and so no gain
  return { voxels, weights: count === 1 ? weights.map((weight) => weight / 6) : weights };
}

function mirrored(voxel: number, count: number): number {
  if (count === 1) return 0;
  const period = 2 * (count - 1);
  const within = Math.abs(voxel) % period;
  return within < count ? within : period - within;
}

function evaluate(
  out: Float32Array,
  coefficients: Float64Array,
  { voxels, weights }: Taps,
  { used, start, step, stride }: { used: number; start: number; step: number; stride: number },
): void {
  for (let index = 0; 4 * index < weights.length; index += 1) {
    const [a, b, c, d] = tapsOf(voxels, index, used);
    const [wa, wb, wc, wd] = tapsOf(weights, index, 1);
    const target = start + index * stride;
    for (let line = 0; line < used; line += 1)
      out[target + line * step] =
        wa * coefficients[a + line]! +
        wb * coefficients[b + line]! +
        wc * coefficients[c + line]! +
        wd * coefficients[d + line]!;
  }
}

function tapsOf(
  values: Int32Array | Float64Array,
  index: number,
  factor: number,
): readonly [number, number, number, number] {
  const [a, b, c, d] = [4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3] as const;
  return [values[a]! * factor, values[b]! * factor, values[c]! * factor, values[d]! * factor];
}
