import { lineCapacity, openLineFilter, type LineFilter } from './simd/lines.ts';
import type { Size } from './types.ts';

/**
 * Gaussian smoothing by `sigmaVoxels` along every axis, or along x, y and z (0: not along it); the kernel ends at 4 sigma, the border
 * voxel is repeated.
 */
export function gaussianSmooth(data: Float32Array, size: Size, sigmaVoxels: number | Size): Float32Array {
  const [sx, sy, sz] =
    typeof sigmaVoxels === 'number' ? [sigmaVoxels, sigmaVoxels, sigmaVoxels] : sigmaVoxels;
  const [nx, ny, nz] = size;
  const x = openKernel(sx);
  // a filter has a memory of its own: axes that are smoothed alike share it
  const y = sy === sx ? x : openKernel(sy);
  const z = sz === sx ? x : openKernel(sz);
  const out = x === null ? data.slice() : new Float32Array(data.length);
  if (x !== null) smoothRows(x, { from: data, to: out, nx });
  for (let start = 0; y !== null && start < out.length; start += nx * ny)
    smoothAcross(y, out.subarray(start, start + nx * ny), { count: ny, width: nx });
  if (z !== null) smoothAcross(z, out, { count: nz, width: nx * ny });
  return out;
}

interface Kernel {
  readonly filter: LineFilter;
  readonly reach: number;
}

function openKernel(sigma: number): Kernel | null {
  if (sigma === 0) return null;
  const weights = kernel(sigma);
  return { filter: openLineFilter(weights), reach: weights.length - 1 };
}

/** Half of the kernel: the middle first. */
function kernel(sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(4 * sigma));
  const half = Float64Array.from({ length: reach + 1 }, (_, at) =>
    Math.exp(-(at * at) / (2 * sigma * sigma)),
  );
  const sum = half.reduce((total, value, at) => total + (at === 0 ? value : 2 * value), 0);
  return Float32Array.from(half, (value) => value / sum);
}

/** Along x: rows with their repeated borders one behind the other, as many at a time as fit. */
function smoothRows(
  { filter, reach }: Kernel,
  { from, to, nx }: { from: Float32Array; to: Float32Array; nx: number },
): void {
  const { source, target } = filter;
  const pitch = nx + 2 * reach;
  const rows = Math.floor(lineCapacity / pitch);
  for (let start = 0; start < from.length; start += rows * nx) {
    const count = Math.min(rows, (from.length - start) / nx);
    for (let row = 0; row < count; row += 1) {
      const place = row * pitch;
      const line = from.subarray(start + row * nx, start + (row + 1) * nx);
      source.fill(line[0]!, place, place + reach);
      source.set(line, place + reach);
      source.fill(line[nx - 1]!, place + reach + nx, place + pitch);
    }
    filter.run({ start: reach, count: count * pitch - 2 * reach, stride: 1 });
    for (let row = 0; row < count; row += 1)
      to.set(target.subarray(row * pitch, row * pitch + nx), start + row * nx);
  }
}

/** Across lines of `width` neighbours, in place: as many columns of all lines at a time as fit. */
function smoothAcross(
  { filter, reach }: Kernel,
  data: Float32Array,
  { count, width }: { count: number; width: number },
): void {
  const { source, target } = filter;
  const columns = Math.min(width, Math.floor(lineCapacity / (count + 2 * reach)));
  for (let first = 0; first < width; first += columns) {
    const used = Math.min(columns, width - first);
    for (let line = -reach; line < count + reach; line += 1) {
      const start = Math.max(0, Math.min(count - 1, line)) * width + first;
      source.set(data.subarray(start, start + used), (line + reach) * used);
    }
    filter.run({ start: reach * used, count: count * used, stride: used });
    for (let line = 0; line < count; line += 1)
      data.set(target.subarray(line * used, (line + 1) * used), line * width + first);
  }
}
