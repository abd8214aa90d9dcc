/**
 * Percentiles with linear interpolation between order statistics (numpy's default). `values` is copied, then sorted as
 * typed array. Throws nothing; an empty input gives NaN.
 */
export function percentiles(values: Float32Array, percents: readonly number[]): readonly number[] {
  const sorted = values.slice().sort();
  return percents.map((percent) => {
    const position = (percent / 100) * (sorted.length - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low]! + (sorted[high]! - sorted[low]!) * (position - low);
  });
}

/** The voxels where `mask` is set, in order. */
export function masked(data: Float32Array, mask: Uint8Array): Float32Array {
  let count = 0;
  for (const inside of mask) count += inside;
  const out = new Float32Array(count);
  let next = 0;
  for (let index = 0; index < data.length; index += 1) {
    if (mask[index] !== 1) continue;
    out[next] = data[index]!;
    next += 1;
  }
  return out;
}
