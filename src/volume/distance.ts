import type { Size } from './types.ts';

/**
 * Exact Euclidean distance in mm from each voxel centre to the nearest voxel where `mask` is set (0 there; Infinity where none
 * is set). Lower envelope of parabolas axis by axis (Felzenszwalb and Huttenlocher, Theory of Computing 2012).
 */
export function distanceTransform(
  mask: Uint8Array,
  size: Size,
  spacingMm: readonly [number, number, number],
): Float32Array {
  const squared = new Float64Array(mask.length);
  for (let index = 0; index < mask.length; index += 1) squared[index] = mask[index] === 0 ? Infinity : 0;
  const strides = [1, size[0], size[0] * size[1]] as const;
  sweepRows(squared, size[0], spacingMm[0]);
  for (const axis of [1, 2] as const) {
    const envelope = createEnvelope(size[axis], spacingMm[axis], size[0]);
    for (const start of planeStarts(size, axis))
      lowerPlane(squared, { start, stride: strides[axis], nx: size[0] }, envelope);
  }
  const distances = new Float32Array(mask.length);
  for (let index = 0; index < mask.length; index += 1) distances[index] = Math.sqrt(squared[index]!);
  return distances;
}

/** Along x there are only set and unset voxels yet: the nearest set one of a row lies behind or before. */
function sweepRows(squared: Float64Array, nx: number, spacing: number): void {
  for (let start = 0; start < squared.length; start += nx) {
    let last = -Infinity;
    for (let x = 0; x < nx; x += 1) {
      if (squared[start + x] === 0) last = x;
      else squared[start + x] = ((x - last) * spacing) ** 2;
    }
    let next = Infinity;
    for (let x = nx - 1; x >= 0; x -= 1) {
      if (squared[start + x] === 0) next = x;
      else squared[start + x] = Math.min(squared[start + x]!, ((next - x) * spacing) ** 2);
    }
  }
}

interface Envelope {
  readonly n: number;
  readonly spacing: number;
  readonly line: Float64Array;
  /** The lines of a plane, one after the other. */
  readonly rows: Float64Array;
  /** Place of each parabola's vertex, and where it begins to be the lowest. */
  readonly vertex: Int32Array;
  readonly from: Float64Array;
}

function createEnvelope(n: number, spacing: number, nx: number): Envelope {
  return {
    n,
    spacing,
    line: new Float64Array(n),
    rows: new Float64Array(n * nx),
    vertex: new Int32Array(n),
    from: new Float64Array(n + 1),
  };
}

interface Plane {
  readonly start: number;
  readonly stride: number;
  readonly nx: number;
}

/** All lines of one plane at once: they are laid one after the other first, since lines across memory miss the cache. */
function lowerPlane(squared: Float64Array, { start, stride, nx }: Plane, envelope: Envelope): void {
  const { n, rows } = envelope;
  for (let k = 0; k < n; k += 1) {
    for (let x = 0; x < nx; x += 1) rows[x * n + k] = squared[start + k * stride + x]!;
  }
  for (let x = 0; x < nx; x += 1) lowerLine(rows.subarray(x * n, (x + 1) * n), envelope);
  for (let k = 0; k < n; k += 1) {
    for (let x = 0; x < nx; x += 1) squared[start + k * stride + x] = rows[x * n + k]!;
  }
}

function lowerLine(values: Float64Array, envelope: Envelope): void {
  const { n, spacing, line, vertex, from } = envelope;
  line.set(values);
  const count = buildEnvelope(envelope);
  if (count === 0) return;
  let parabola = 0;
  for (let index = 0; index < n; index += 1) {
    const x = index * spacing;
    while (parabola + 1 < count && from[parabola + 1]! < x) parabola += 1;
    const path = x - vertex[parabola]! * spacing;
    values[index] = path * path + line[vertex[parabola]!]!;
  }
}

/** Fills `vertex` and `from`; how many parabolas are lowest anywhere. */
function buildEnvelope({ n, spacing, line, vertex, from }: Envelope): number {
  let count = 0;
  for (let index = 0; index < n; index += 1) {
    if (line[index] === Infinity) continue;
    const x = index * spacing;
    let crossing = -Infinity;
    while (count > 0) {
      const other = vertex[count - 1]! * spacing;
      crossing = (line[index]! + x * x - (line[vertex[count - 1]!]! + other * other)) / (2 * (x - other));
      if (crossing > from[count - 1]!) break;
      count -= 1;
      crossing = -Infinity;
    }
    vertex[count] = index;
    from[count] = crossing;
    count += 1;
  }
  return count;
}

/** First voxel of each plane that holds the x axis and the given one. */
function* planeStarts([nx, ny, nz]: Size, axis: 1 | 2): Generator<number> {
  const [count, step] = axis === 1 ? [nz, nx * ny] : [ny, nx];
  for (let plane = 0; plane < count; plane += 1) yield plane * step;
}
