import { ratesOf, type Confusion } from './confusion.ts';

/** Net reclassification with two categories: gain in sensitivity plus gain in specificity. */
export function netReclassification(before: Confusion, after: Confusion): number {
  return ratesOf(after).youden - ratesOf(before).youden;
}

/** Integrated discrimination improvement: gain of (mean probability of positives - mean probability of negatives). */
export function integratedDiscrimination(
  truth: readonly boolean[],
  before: readonly number[],
  after: readonly number[],
): number {
  return separation(truth, after) - separation(truth, before);
}

function separation(truth: readonly boolean[], probabilities: readonly number[]): number {
  const sums = { positive: 0, negative: 0 };
  probabilities.forEach((p, index) => (sums[truth[index] ? 'positive' : 'negative'] += p));
  const positives = truth.filter(Boolean).length;
  return sums.positive / positives - sums.negative / (truth.length - positives);
}
