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
  for (const axis of [0, 1, 2] as const) {
    const envelope = createEnvelope(size[axis], spacingMm[axis]);
    for (const start of lineStarts(size, axis)) lowerLine(squared, start, strides[axis], envelope);
  }
  return Float32Array.from(squared, Math.sqrt);
}

interface Envelope {
  readonly n: number;
  readonly spacing: number;
  readonly line: Float64Array;
  /** Place of each parabola's vertex, and where it begins to be the lowest. */
  readonly vertex: Int32Array;
  readonly from: Float64Array;
}

function createEnvelope(n: number, spacing: number): Envelope {
  return {
    n,
    spacing,
    line: new Float64Array(n),
    vertex: new Int32Array(n),
    from: new Float64Array(n + 1),
  };
}

function lowerLine(squared: Float64Array, start: number, stride: number, envelope: Envelope): void {
  const { n, spacing, line, vertex, from } = envelope;
  for (let index = 0; index < n; index += 1) line[index] = squared[start + index * stride]!;
  const count = buildEnvelope(envelope);
  if (count === 0) return;
  let parabola = 0;
  for (let index = 0; index < n; index += 1) {
    const x = index * spacing;
    while (parabola + 1 < count && from[parabola + 1]! < x) parabola += 1;
    const path = x - vertex[parabola]! * spacing;
    squared[start + index * stride] = path * path + line[vertex[parabola]!]!;
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

function* lineStarts([nx, ny, nz]: Size, axis: 0 | 1 | 2): Generator<number> {
  const [limitX, limitY, limitZ] = [axis === 0 ? 1 : nx, axis === 1 ? 1 : ny, axis === 2 ? 1 : nz];
  for (let z = 0; z < limitZ; z += 1)
    for (let y = 0; y < limitY; y += 1) for (let x = 0; x < limitX; x += 1) yield x + nx * (y + ny * z);
}
