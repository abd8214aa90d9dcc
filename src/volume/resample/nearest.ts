import type { Volume } from '../types.ts';
import type { AxisPlaces } from './places.ts';

/** The value of the nearest voxel; of two as near the later one, as scipy and ITK have it. */
export function nearest({ size, data }: Volume, places: AxisPlaces): Float32Array {
  const [xs, ys, zs] = places.map((along) =>
    Int32Array.from(along, (place) => Math.floor(place + 0.5)),
  ) as unknown as readonly [Int32Array, Int32Array, Int32Array];
  const out = new Float32Array(xs.length * ys.length * zs.length);
  let next = 0;
  for (const z of zs) {
    for (const y of ys) {
      const row = size[0] * (y + size[1] * z);
      for (let i = 0; i < xs.length; i += 1) out[next + i] = data[row + xs[i]!]!;
      next += xs.length;
    }
  }
  return out;
}
