import type { Size } from './types.ts';

/** Copies rows from one box to another that starts at the same corner: pads with zeros, or crops. */
export function reboxed(data: Float32Array, from: Size, to: Size): Float32Array {
  if (from.every((n, axis) => n === to[axis])) return data;
  const out = new Float32Array(to[0] * to[1] * to[2]);
  const columns = Math.min(from[0], to[0]);
  for (let z = 0; z < Math.min(from[2], to[2]); z += 1) {
    for (let y = 0; y < Math.min(from[1], to[1]); y += 1) {
      const source = (z * from[1] + y) * from[0];
      out.set(data.subarray(source, source + columns), (z * to[1] + y) * to[0]);
    }
  }
  return out;
}
