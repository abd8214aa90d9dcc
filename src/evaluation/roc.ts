import { confusionAt, ratesOf } from './confusion.ts';
import { twoSidedP, normal975 } from './normal.ts';

export interface RocPoint {
  /** A case is called at this score and above; Infinity calls none. */
  readonly threshold: number;
  readonly sensitivity: number;
  readonly falsePositiveRate: number;
}

/** Area under the ROC curve: Mann-Whitney, ties count half; NaN where one class is missing. */
export function auc(truth: readonly boolean[], scores: readonly number[]): number {
  const order = scores.map((_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  const positives = truth.filter(Boolean).length;
  const negatives = truth.length - positives;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let place = start; place < end; place += 1) if (truth[order[place]!]) rankSum += rank;
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The curve from (0, 0) to (1, 1), a point at each distinct score; empty where one class is missing. */
export function rocCurve(truth: readonly boolean[], scores: readonly number[]): readonly RocPoint[] {
  const positives = truth.filter(Boolean).length;
  if (positives === 0 || positives === truth.length) return [];
  const start: RocPoint = { threshold: Infinity, sensitivity: 0, falsePositiveRate: 0 };
  const points = distinctFalling(scores).map((threshold) => {
    const { sensitivity, specificity } = ratesOf(confusionAt(truth, scores, threshold));
    return { threshold, sensitivity, falsePositiveRate: 1 - specificity };
  });
  return [start, ...points];
}

/** The score with the greatest sensitivity + specificity - 1, the least of equals; NaN where one class is missing. */
export function youdenThreshold(truth: readonly boolean[], scores: readonly number[]): number {
  let best = { youden: -Infinity, threshold: NaN };
  for (const { threshold, sensitivity, falsePositiveRate } of rocCurve(truth, scores).slice(1)) {
    const youden = sensitivity - falsePositiveRate;
    if (youden >= best.youden) best = { youden, threshold };
  }
  return best.threshold;
}

/** The greatest sensitivity with at least this specificity. */
export function sensitivityAtSpecificity(
  truth: readonly boolean[],
  scores: readonly number[],
  specificity: number,
): number {
  const allowed = rocCurve(truth, scores).filter(
    (point) => 1 - point.falsePositiveRate >= specificity - 1e-12,
  );
  return allowed.length === 0 ? NaN : Math.max(...allowed.map((point) => point.sensitivity));
}

/** Average precision: the mean of precision over the steps of recall, no interpolation; NaN without positives. */
export function averagePrecision(truth: readonly boolean[], scores: readonly number[]): number {
  let [sum, recallBefore] = [0, 0];
  for (const threshold of distinctFalling(scores)) {
    const { sensitivity, ppv } = ratesOf(confusionAt(truth, scores, threshold));
    sum += (sensitivity - recallBefore) * ppv;
    recallBefore = sensitivity;
  }
  return sum;
}

/** DeLong, DeLong and Clarke-Pearson (Biometrics 1988): an AUC with its standard error and 95 % interval. */
export function delongInterval(
  truth: readonly boolean[],
  scores: readonly number[],
): { readonly auc: number; readonly standardError: number; readonly low: number; readonly high: number } {
  const places = placements(truth, scores);
  const standardError = Math.sqrt(covariance(places, places));
  const area = auc(truth, scores);
  return {
    auc: area,
    standardError,
    low: Math.max(0, area - normal975 * standardError),
    high: Math.min(1, area + normal975 * standardError),
  };
}

/** Difference of two AUCs on the same cases (first - second) and its two-sided p (DeLong 1988). */
export function delongTest(
  truth: readonly boolean[],
  first: readonly number[],
  second: readonly number[],
): { readonly difference: number; readonly p: number } {
  const a = placements(truth, first);
  const b = placements(truth, second);
  const difference = auc(truth, first) - auc(truth, second);
  const variance = covariance(a, a) + covariance(b, b) - 2 * covariance(a, b);
  if (variance <= 1e-15) return { difference, p: Math.abs(difference) < 1e-12 ? 1 : 0 };
  return { difference, p: twoSidedP(difference / Math.sqrt(variance)) };
}

interface Placements {
  /** For each positive the share of negatives it lies above, ties half; for each negative that of positives above it. */
  readonly ofPositives: readonly number[];
  readonly ofNegatives: readonly number[];
}

function placements(truth: readonly boolean[], scores: readonly number[]): Placements {
  const above = scores.filter((_, index) => truth[index]).sort(ascending);
  const below = scores.filter((_, index) => !truth[index]).sort(ascending);
  const positives = scores.filter((_, index) => truth[index]);
  const negatives = scores.filter((_, index) => !truth[index]);
  return {
    ofPositives: positives.map((score) => shareBelow(below, score)),
    ofNegatives: negatives.map((score) => 1 - shareBelow(above, score)),
  };
}

function shareBelow(sorted: readonly number[], score: number): number {
  const less = firstAtLeast(sorted, score, (value, limit) => value >= limit);
  const lessOrEqual = firstAtLeast(sorted, score, (value, limit) => value > limit);
  return (less + lessOrEqual) / 2 / sorted.length;
}

function firstAtLeast(
  sorted: readonly number[],
  limit: number,
  reached: (value: number, limit: number) => boolean,
): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(sorted[middle]!, limit)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function covariance(a: Placements, b: Placements): number {
  return (
    sampleCovariance(a.ofPositives, b.ofPositives) / a.ofPositives.length +
    sampleCovariance(a.ofNegatives, b.ofNegatives) / a.ofNegatives.length
  );
}

function sampleCovariance(a: readonly number[], b: readonly number[]): number {
  const meanA = a.reduce((sum, value) => sum + value, 0) / a.length;
  const meanB = b.reduce((sum, value) => sum + value, 0) / b.length;
  return a.reduce((sum, value, index) => sum + (value - meanA) * (b[index]! - meanB), 0) / (a.length - 1);
}

function distinctFalling(scores: readonly number[]): readonly number[] {
  return [...new Set(scores)].sort((a, b) => b - a);
}

function ascending(a: number, b: number): number {
  return a - b;
}
