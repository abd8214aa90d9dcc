import { confusionAt } from './confusion.ts';

/** Mean squared difference of probability and truth. */
export function brier(truth: readonly boolean[], probabilities: readonly number[]): number {
  return mean(probabilities.map((p, index) => (p - Number(truth[index])) ** 2));
}

export interface CalibrationBin {
  readonly cases: number;
  readonly positives: number;
  readonly meanProbability: number;
  readonly frequency: number;
}

/** Bins of equal mass by rising probability (ties in the given order); the first ones hold one more where they do not divide. */
export function calibrationBins(
  truth: readonly boolean[],
  probabilities: readonly number[],
  count: number,
): readonly CalibrationBin[] {
  const order = probabilities.map((_, index) => index).sort((a, b) => probabilities[a]! - probabilities[b]!);
  const bins = Math.min(count, order.length);
  const rest = order.length % bins;
  const size = Math.floor(order.length / bins);
  return Array.from({ length: bins }, (_, bin) => {
    const start = bin * size + Math.min(bin, rest);
    const members = order.slice(start, start + size + (bin < rest ? 1 : 0));
    const positives = members.filter((index) => truth[index]).length;
    return {
      cases: members.length,
      positives,
      meanProbability: mean(members.map((index) => probabilities[index]!)),
      frequency: positives / members.length,
    };
  });
}

/** Expected calibration error: mean |frequency - probability| over bins of equal mass, weighted by their cases. */
export function expectedCalibrationError(
  truth: readonly boolean[],
  probabilities: readonly number[],
  bins = 15,
): number {
  const parts = calibrationBins(truth, probabilities, bins);
  const gap = parts.reduce((sum, bin) => sum + bin.cases * Math.abs(bin.frequency - bin.meanProbability), 0);
  return gap / truth.length;
}

/**
 * Intercept and slope of the truth against the logit of the probability by logistic regression (0 and 1 are perfect); a ridge of
 * 1e-6 keeps a separable set finite. Newton's method.
 */
export function calibrationLine(
  truth: readonly boolean[],
  probabilities: readonly number[],
): { readonly intercept: number; readonly slope: number } {
  const logits = probabilities.map((p) => Math.log(clip(p) / clip(1 - p)));
  let line = { intercept: 0, slope: 1 };
  for (let step = 0; step < 200; step += 1) {
    const next = newtonStep(truth, logits, line);
    const moved = Math.abs(next.intercept - line.intercept) + Math.abs(next.slope - line.slope);
    line = next;
    if (moved < 1e-10) break;
  }
  return line;
}

const ridge = 1e-6;

function newtonStep(
  truth: readonly boolean[],
  logits: readonly number[],
  { intercept, slope }: { readonly intercept: number; readonly slope: number },
): { readonly intercept: number; readonly slope: number } {
  let [g0, g1, h00, h01, h11] = [2 * ridge * intercept, 2 * ridge * slope, 2 * ridge, 0, 2 * ridge];
  logits.forEach((x, index) => {
    const p = 1 / (1 + Math.exp(-(intercept + slope * x)));
    const error = p - Number(truth[index]);
    const weight = p * (1 - p);
    g0 += error;
    g1 += error * x;
    h00 += weight;
    h01 += weight * x;
    h11 += weight * x * x;
  });
  const determinant = h00 * h11 - h01 * h01;
  // a step longer than this leaves the region where the curvature says anything
  const limit = (value: number): number => Math.max(-4, Math.min(4, value));
  return {
    intercept: intercept - limit((h11 * g0 - h01 * g1) / determinant),
    slope: slope - limit((h00 * g1 - h01 * g0) / determinant),
  };
}

export interface NetBenefit {
  readonly threshold: number;
  readonly model: number;
  readonly treatAll: number;
}

/** Decision curve: net benefit TP/n - FP/n t/(1-t) of the model and of calling everybody (Vickers and Elkin 2006). */
export function decisionCurve(
  truth: readonly boolean[],
  probabilities: readonly number[],
  thresholds: readonly number[],
): readonly NetBenefit[] {
  const n = truth.length;
  const prevalence = truth.filter(Boolean).length / n;
  return thresholds.map((threshold) => {
    const { tp, fp } = confusionAt(truth, probabilities, threshold);
    const odds = threshold / (1 - threshold);
    return {
      threshold,
      model: tp / n - (fp / n) * odds,
      treatAll: prevalence - (1 - prevalence) * odds,
    };
  });
}

function clip(p: number): number {
  return Math.min(1, Math.max(1e-7, p));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
