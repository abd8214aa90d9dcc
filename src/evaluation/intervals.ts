import { normal975 } from './normal.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Random numbers in [0, 1) from a seed: mulberry32, so that the same cases give the same interval. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * 95 % percentile intervals of `statistics(rows)` over resamples of PATIENTS, each with all its rows: two scans of one person are not
 * two people. A resample in which a statistic has no value is left out for that statistic; NaN where none has.
 */
export function bootstrapAll<Name extends string>(
  patients: readonly string[],
  statistics: (rows: readonly number[]) => Readonly<Record<Name, number>>,
  random: () => number,
  resamples = 1000,
): Readonly<Record<Name, Interval>> {
  const rowsOf = [...Map.groupBy(patients.keys(), (row) => patients[row]!).values()];
  const values = new Map<Name, number[]>();
  for (let resample = 0; resample < resamples; resample += 1) {
    const rows = rowsOf.flatMap(() => rowsOf[Math.floor(random() * rowsOf.length)]!);
    for (const [name, value] of Object.entries(statistics(rows)) as [Name, number][]) {
      const known = values.get(name) ?? values.set(name, []).get(name)!;
      if (Number.isFinite(value)) known.push(value);
    }
  }
  const intervals = [...values].map(([name, drawn]) => [
    name,
    { low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) },
  ]);
  return Object.fromEntries(intervals) as Record<Name, Interval>;
}

/** `bootstrapAll` of one statistic. */
export function bootstrap(
  patients: readonly string[],
  statistic: (rows: readonly number[]) => number,
  random: () => number,
  resamples = 1000,
): Interval {
  return bootstrapAll(patients, (rows) => ({ value: statistic(rows) }), random, resamples).value;
}

/** 95 % Wilson score interval of a proportion; 0 to 1 without any case. */
export function wilson(hits: number, count: number): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const share = hits / count;
  const weight = normal975 ** 2 / count;
  const middle = (share + weight / 2) / (1 + weight);
  const half = Math.sqrt(share * (1 - share) * weight + (weight * weight) / 4) / (1 + weight);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Linear interpolation between order statistics (numpy's default); NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (position - low);
}
