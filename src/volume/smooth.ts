import type { Size } from './types.ts';

/** Gaussian smoothing by `sigmaVoxels` along every axis; the kernel ends at 4 sigma, the border voxel is repeated. */
export function gaussianSmooth(data: Float32Array, size: Size, sigmaVoxels: number): Float32Array {
  const weights = kernel(sigmaVoxels);
  const along = new Float32Array(data.length);
  const out = new Float32Array(data.length);
  smoothRows(data, along, size, weights);
  const [nx, ny, nz] = size;
  blendLines(along, out, { count: ny, stride: nx, width: nx, blocks: nz, block: nx * ny }, weights);
  blendLines(out, along, { count: nz, stride: nx * ny, width: nx * ny, blocks: 1, block: 0 }, weights);
  return along;
}

/** Half of the kernel: the middle first. */
function kernel(sigma: number): Float64Array {
  const reach = Math.max(1, Math.ceil(4 * sigma));
  const half = Float64Array.from({ length: reach + 1 }, (_, at) =>
    Math.exp(-(at * at) / (2 * sigma * sigma)),
  );
  const sum = half.reduce((total, value, at) => total + (at === 0 ? value : 2 * value), 0);
  return half.map((value) => value / sum);
}

function smoothRows(from: Float32Array, to: Float32Array, [nx, ny, nz]: Size, weights: Float64Array): void {
  const reach = weights.length - 1;
  const padded = new Float64Array(nx + 2 * reach);
  for (let start = 0; start < nx * ny * nz; start += nx) {
    for (let x = 0; x < padded.length; x += 1)
      padded[x] = from[start + Math.max(0, Math.min(nx - 1, x - reach))]!;
    for (let x = 0; x < nx; x += 1) {
      const middle = x + reach;
      let sum = weights[0]! * padded[middle]!;
      for (let step = 1; step <= reach; step += 1)
        sum += weights[step]! * (padded[middle - step]! + padded[middle + step]!);
      to[start + x] = sum;
    }
  }
}

/** Lines across memory are blended as whole rows of `width` neighbours, which stay in the cache. */
function blendLines(
  from: Float32Array,
  to: Float32Array,
  lines: { count: number; stride: number; width: number; blocks: number; block: number },
  weights: Float64Array,
): void {
  const { count, stride, width, blocks, block } = lines;
  const reach = weights.length - 1;
  for (let piece = 0; piece < blocks; piece += 1) {
    for (let at = 0; at < count; at += 1) {
      const target = to.subarray(piece * block + at * stride, piece * block + at * stride + width);
      const line = (place: number): Float32Array => {
        const start = piece * block + Math.max(0, Math.min(count - 1, place)) * stride;
        return from.subarray(start, start + width);
      };
      const middle = line(at);
      for (let x = 0; x < width; x += 1) target[x] = weights[0]! * middle[x]!;
      for (let step = 1; step <= reach; step += 1)
        addBoth(target, line(at - step), line(at + step), weights[step]!);
    }
  }
}

function addBoth(target: Float32Array, before: Float32Array, after: Float32Array, weight: number): void {
  for (let x = 0; x < target.length; x += 1) target[x]! += weight * (before[x]! + after[x]!);
}
