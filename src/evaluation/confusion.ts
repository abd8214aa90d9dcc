/** Counts of a two-class decision. */
export interface Confusion {
  readonly tp: number;
  readonly tn: number;
  readonly fp: number;
  readonly fn: number;
}

/** What follows from the counts; NaN where a denominator is zero. */
export interface Rates {
  readonly accuracy: number;
  readonly sensitivity: number;
  readonly specificity: number;
  readonly ppv: number;
  readonly npv: number;
  readonly f1: number;
  readonly f2: number;
  readonly youden: number;
}

export function ratesOf(counts: Confusion): Rates {
  const { tp, tn, fp, fn } = counts;
  const sensitivity = tp / (tp + fn);
  const specificity = tn / (tn + fp);
  return {
    accuracy: (tp + tn) / (tp + tn + fp + fn),
    sensitivity,
    specificity,
    ppv: tp / (tp + fp),
    npv: tn / (tn + fn),
    f1: fScore(counts, 1),
    f2: fScore(counts, 2),
    youden: sensitivity + specificity - 1,
  };
}

/** (1 + b^2) P R / (b^2 P + R), written in counts. System 001 prints higher F2 than its own counts give. */
export function fScore({ tp, fp, fn }: Confusion, beta: number): number {
  const weight = beta ** 2;
  return ((1 + weight) * tp) / ((1 + weight) * tp + weight * fn + fp);
}

/** Counts of decisions against the truth, place by place. */
export function countDecisions(truth: readonly boolean[], called: readonly boolean[]): Confusion {
  const counts = { tp: 0, tn: 0, fp: 0, fn: 0 };
  truth.forEach((positive, index) => {
    if (called[index]) counts[positive ? 'tp' : 'fp'] += 1;
    else counts[positive ? 'fn' : 'tn'] += 1;
  });
  return counts;
}

/** Counts at `score >= threshold`. */
export function confusionAt(
  truth: readonly boolean[],
  scores: readonly number[],
  threshold: number,
): Confusion {
  return countDecisions(
    truth,
    scores.map((score) => score >= threshold),
  );
}
