import { labelComponents } from './components.ts';
import { percentiles } from './percentile.ts';
import type { Size, Volume } from './types.ts';

export interface HeadMaskOptions {
  /** Threshold as a share of the way from the least value to the reference percentile. */
  readonly relativeThreshold: number;
  /** Percentile (0-100) of the values above the least one. */
  readonly referencePercentile: number;
}

/** The largest 6-connected component above a threshold, holes filled in each z slice: 1 inside the head, 0 outside. */
export function headMask(volume: Volume, options: HeadMaskOptions): Uint8Array {
  const { data, size } = volume;
  let low = Infinity;
  for (const value of data) if (value < low) low = value;
  const above = data.filter((value) => value > low);
  const mask = new Uint8Array(data.length);
  if (above.length === 0) return mask;
  const [reference = low] = percentiles(above, [options.referencePercentile]);
  const threshold = low + options.relativeThreshold * (reference - low);
  for (let index = 0; index < data.length; index += 1) mask[index] = data[index]! > threshold ? 1 : 0;
  return solid(mask, size);
}

/** The largest 6-connected component of a mask, holes filled in each z slice; written into the mask. */
export function solid(mask: Uint8Array, size: Size): Uint8Array {
  keepLargest(mask, size);
  fillHoles(mask, size);
  return mask;
}

function keepLargest(mask: Uint8Array, size: Size): void {
  const { labels, count } = labelComponents(mask, size, 6);
  const voxels = new Int32Array(count + 1);
  for (const label of labels) if (label > 0) voxels[label]! += 1;
  let largest = 0;
  for (let label = 1; label <= count; label += 1) if (voxels[label]! > voxels[largest]!) largest = label;
  for (let index = 0; index < mask.length; index += 1)
    mask[index] = labels[index] === largest && largest > 0 ? 1 : 0;
}

/** Background that a 4-connected walk from the border of its slice does not reach becomes head. */
function fillHoles(mask: Uint8Array, size: Size): void {
  const [nx, ny, nz] = size;
  const plane = nx * ny;
  const stack = new Int32Array(plane);
  const outside = new Uint8Array(plane);
  for (let z = 0; z < nz; z += 1) {
    const slice = mask.subarray(z * plane, (z + 1) * plane);
    outside.fill(0);
    floodFromBorder(slice, outside, stack, [nx, ny]);
    for (let index = 0; index < plane; index += 1) if (outside[index] === 0) slice[index] = 1;
  }
}

function floodFromBorder(
  slice: Uint8Array,
  outside: Uint8Array,
  stack: Int32Array,
  [nx, ny]: readonly [number, number],
): void {
  let depth = 0;
  const visit = (index: number): void => {
    if (slice[index] === 1 || outside[index] === 1) return;
    outside[index] = 1;
    stack[depth] = index;
    depth += 1;
  };
  for (let x = 0; x < nx; x += 1) {
    visit(x);
    visit((ny - 1) * nx + x);
  }
  for (let y = 0; y < ny; y += 1) {
    visit(y * nx);
    visit(y * nx + nx - 1);
  }
  while (depth > 0) {
    depth -= 1;
    const index = stack[depth]!;
    const x = index % nx;
    if (x > 0) visit(index - 1);
    if (x < nx - 1) visit(index + 1);
    if (index >= nx) visit(index - nx);
    if (index < nx * (ny - 1)) visit(index + nx);
  }
}
