/**
 * Percentiles with linear interpolation between order statistics (numpy's default). Throws nothing; an empty input gives NaN.
 * The order statistics are found without sorting: the values are counted by the upper half of their bits, then those that share
 * it with a wanted one by the lower half.
 */
export function percentiles(values: Float32Array, percents: readonly number[]): readonly number[] {
  const positions = percents.map((percent) => (percent / 100) * (values.length - 1));
  const ranks = positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]);
  const statistics = values.length === 0 ? ranks.map(() => NaN) : orderStatistics(values, ranks);
  return positions.map((position, index) => {
    const [low, high] = [statistics[2 * index]!, statistics[2 * index + 1]!];
    return low + (high - low) * (position - Math.floor(position));
  });
}

const half = 0x10000;

/** The values that would stand at these places (from 0) if all were sorted. */
function orderStatistics(values: Float32Array, ranks: readonly number[]): readonly number[] {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const coarse = new Uint32Array(half);
  for (let index = 0; index < bits.length; index += 1) coarse[orderOf(bits[index]!) >>> 16]! += 1;
  const found = new Map<number, Uint32Array>();
  return ranks.map((rank) => {
    const upper = placeOf(coarse, rank);
    const fine = found.get(upper.bin) ?? countLower(bits, upper.bin);
    found.set(upper.bin, fine);
    const lower = placeOf(fine, rank - upper.before);
    return valueOf(((upper.bin << 16) | lower.bin) >>> 0);
  });
}

function countLower(bits: Uint32Array, upper: number): Uint32Array {
  const fine = new Uint32Array(half);
  for (let index = 0; index < bits.length; index += 1) {
    const order = orderOf(bits[index]!);
    if (order >>> 16 === upper) fine[order & 0xffff]! += 1;
  }
  return fine;
}

/** The bin that holds the value of a rank, and how many values lie in the bins before. */
function placeOf(counts: Uint32Array, rank: number): { readonly bin: number; readonly before: number } {
  let before = 0;
  let bin = 0;
  while (before + counts[bin]! <= rank) {
    before += counts[bin]!;
    bin += 1;
  }
  return { bin, before };
}

/** The bits of a float32 (IEEE 754) as a number that sorts as the float does: negative ones are turned round. */
function orderOf(bits: number): number {
  return (bits & 0x80000000) === 0 ? (bits | 0x80000000) >>> 0 : ~bits >>> 0;
}

function valueOf(order: number): number {
  const bits = (order & 0x80000000) === 0 ? ~order >>> 0 : (order ^ 0x80000000) >>> 0;
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

/** The voxels where `mask` is set, in order. */
export function masked(data: Float32Array, mask: Uint8Array): Float32Array {
  let count = 0;
  for (let index = 0; index < mask.length; index += 1) count += mask[index]!;
  const out = new Float32Array(count);
  let next = 0;
  for (let index = 0; index < data.length; index += 1) {
    if (mask[index] !== 1) continue;
    out[next] = data[index]!;
    next += 1;
  }
  return out;
}
