import {
  brier,
  calibrationBins,
  calibrationLine,
  decisionCurve,
  expectedCalibrationError,
  type CalibrationBin,
  type NetBenefit,
} from './calibration.ts';
import { countDecisions, ratesOf, type Confusion, type Rates } from './confusion.ts';
import { bootstrapAll, wilson, type Interval } from './intervals.ts';
import {
  auc,
  averagePrecision,
  delongInterval,
  rocCurve,
  sensitivityAtSpecificity,
  youdenThreshold,
  type RocPoint,
} from './roc.ts';

/** Cases of one question, place by place: is it there, how probable does the node hold it, does the node report it. */
export interface Decisions {
  readonly truth: readonly boolean[];
  readonly probabilities: readonly number[];
  readonly called: readonly boolean[];
  readonly patients: readonly string[];
}

export type RateName = keyof Rates;

export interface Classification {
  readonly positives: number;
  readonly negatives: number;
  readonly auc: { readonly value: number; readonly delong: Interval; readonly bootstrap: Interval };
  readonly averagePrecision: number;
  readonly sensitivityAtSpecificity90: number;
  /** As the node decides. */
  readonly operatingPoint: OperatingPoint;
  /** At the threshold that these very cases favour: better than it will be on others. */
  readonly youden: OperatingPoint & { readonly threshold: number };
  readonly calibration: Calibration;
  readonly decisionCurve: readonly NetBenefit[];
  readonly roc: readonly RocPoint[];
  /** What each case was given, for the picture of both distributions. */
  readonly probabilities: { readonly positive: readonly number[]; readonly negative: readonly number[] };
}

export interface OperatingPoint {
  readonly confusion: Confusion;
  readonly rates: Rates;
  readonly bootstrap: Readonly<Record<RateName, Interval>>;
  /** Of the proportions; F-scores and Youden's index are none. */
  readonly wilson: Readonly<Partial<Record<RateName, Interval>>>;
}

export interface Calibration {
  readonly brier: number;
  readonly brierInterval: Interval;
  readonly expectedCalibrationError: number;
  readonly intercept: number;
  readonly slope: number;
  readonly bins: readonly CalibrationBin[];
}

/** Thresholds of the decision curve: 1 % to 99 %. */
const thresholds = Array.from({ length: 99 }, (_, index) => (index + 1) / 100);
const calibrationBinCount = 15;

/** Every two-class figure of models.md 1.0 for at least one case; where a class is missing, what needs both is NaN. */
export function classify(decisions: Decisions, random: () => number): Classification {
  const { truth, probabilities, called, patients } = decisions;
  const intervals = bootstrapAll(patients, (rows) => resampled(decisions, rows), random);
  const delong = delongInterval(truth, probabilities);
  const threshold = youdenThreshold(truth, probabilities);
  const atYouden = probabilities.map((p) => p >= threshold);
  return {
    positives: truth.filter(Boolean).length,
    negatives: truth.filter((one) => !one).length,
    auc: {
      value: delong.auc,
      delong: { low: delong.low, high: delong.high },
      bootstrap: intervals.auc,
    },
    averagePrecision: averagePrecision(truth, probabilities),
    sensitivityAtSpecificity90: sensitivityAtSpecificity(truth, probabilities, 0.9),
    operatingPoint: operatingPoint({ truth, called, patients }, random),
    youden: { threshold, ...operatingPoint({ truth, called: atYouden, patients }, random) },
    calibration: {
      brier: brier(truth, probabilities),
      brierInterval: intervals.brier,
      expectedCalibrationError: expectedCalibrationError(truth, probabilities, calibrationBinCount),
      ...calibrationLine(truth, probabilities),
      bins: calibrationBins(truth, probabilities, calibrationBinCount),
    },
    decisionCurve: decisionCurve(truth, probabilities, thresholds),
    roc: rocCurve(truth, probabilities),
    probabilities: {
      positive: probabilities.filter((_, index) => truth[index]),
      negative: probabilities.filter((_, index) => !truth[index]),
    },
  };
}

function resampled(
  { truth, probabilities }: Decisions,
  rows: readonly number[],
): Readonly<Record<'auc' | 'brier', number>> {
  const drawnTruth = rows.map((row) => truth[row]!);
  const drawn = rows.map((row) => probabilities[row]!);
  return { auc: auc(drawnTruth, drawn), brier: brier(drawnTruth, drawn) };
}

function operatingPoint(
  { truth, called, patients }: Omit<Decisions, 'probabilities'>,
  random: () => number,
): OperatingPoint {
  const confusion = countDecisions(truth, called);
  const { tp, tn, fp, fn } = confusion;
  return {
    confusion,
    rates: ratesOf(confusion),
    bootstrap: bootstrapAll(
      patients,
      (rows) => ({
        ...ratesOf(
          countDecisions(
            rows.map((row) => truth[row]!),
            rows.map((row) => called[row]!),
          ),
        ),
      }),
      random,
    ),
    wilson: {
      accuracy: wilson(tp + tn, tp + tn + fp + fn),
      sensitivity: wilson(tp, tp + fn),
      specificity: wilson(tn, tn + fp),
      ppv: wilson(tp, tp + fp),
      npv: wilson(tn, tn + fn),
    },
  };
}
