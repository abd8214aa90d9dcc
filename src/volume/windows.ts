import type { Size } from './types.ts';

/**
 * Mean over the cube [c - side/2, c + side/2 - 1] around each voxel, the cube moved inside the volume at its borders
 * (an axis shorter than `side` is taken whole). Separable running sums in double precision.
 */
export function windowMean(data: Float32Array, size: Size, side: number): Float32Array {
  return alongAxes(data, size, (line, out, n) => {
    const length = Math.min(side, n);
    const sums = new Float64Array(n + 1);
    for (let index = 0; index < n; index += 1) sums[index + 1] = sums[index]! + line[index]!;
    for (let index = 0; index < n; index += 1) {
      const start = windowStart(index, side, n);
      out[index] = (sums[start + length]! - sums[start]!) / length;
    }
  });
}

/**
 * For each voxel the greatest value at a voxel whose cube (as in `windowMean`) contains it: what painting each patch's
 * value over its patch and keeping the maximum gives at stride 1.
 */
export function maxOverCoveringWindows(data: Float32Array, size: Size, side: number): Float32Array {
  return alongAxes(data, size, (line, out, n) => {
    const length = Math.min(side, n);
    // best of all windows by their start, then a sliding maximum over the starts that reach the voxel
    const byStart = new Float64Array(n - length + 1).fill(-Infinity);
    for (let index = 0; index < n; index += 1) {
      const start = windowStart(index, side, n);
      if (line[index]! > byStart[start]!) byStart[start] = line[index]!;
    }
    slidingMaximum(byStart, length, out, n);
  });
}

function windowStart(centre: number, side: number, n: number): number {
  return Math.max(0, Math.min(centre - (side >> 1), n - Math.min(side, n)));
}

/** out[v] = max of byStart[v - length + 1 .. v], inside its bounds; a queue of falling values. */
function slidingMaximum(byStart: Float64Array, length: number, out: Float64Array, n: number): void {
  const queue = new Int32Array(byStart.length);
  let head = 0;
  let tail = 0;
  for (let voxel = 0; voxel < n; voxel += 1) {
    if (voxel < byStart.length) {
      while (tail > head && byStart[queue[tail - 1]!]! <= byStart[voxel]!) tail -= 1;
      queue[tail] = voxel;
      tail += 1;
    }
    while (queue[head]! < voxel - length + 1) head += 1;
    out[voxel] = byStart[queue[head]!]!;
  }
}

type LineFilter = (line: Float64Array, out: Float64Array, n: number) => void;

function alongAxes(data: Float32Array, size: Size, filter: LineFilter): Float32Array {
  const result = Float32Array.from(data);
  const strides = [1, size[0], size[0] * size[1]];
  for (const axis of [0, 1, 2] as const) {
    const n = size[axis];
    const line = new Float64Array(n);
    const out = new Float64Array(n);
    const stride = strides[axis]!;
    for (const start of lineStarts(size, axis)) {
      for (let index = 0; index < n; index += 1) line[index] = result[start + index * stride]!;
      filter(line, out, n);
      for (let index = 0; index < n; index += 1) result[start + index * stride] = out[index]!;
    }
  }
  return result;
}

function* lineStarts(size: Size, axis: 0 | 1 | 2): Generator<number> {
  const [nx, ny, nz] = size;
  const [limitX, limitY, limitZ] = [axis === 0 ? 1 : nx, axis === 1 ? 1 : ny, axis === 2 ? 1 : nz];
  for (let z = 0; z < limitZ; z += 1) {
    for (let y = 0; y < limitY; y += 1) {
      for (let x = 0; x < limitX; x += 1) yield x + nx * (y + ny * z);
    }
  }
}
