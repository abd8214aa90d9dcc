import { isAnalysed, type AnalysedCase, type EvaluatedCase } from './cases.ts';
import { distanceMm } from './detection.ts';
import { bootstrap, quantile, wilson, type Interval } from './intervals.ts';
import type { OverlapFigures } from './segmentation.ts';

/** A figure over cases; cases in which it has no value (nothing there, nothing found) are left out and counted. */
export interface Spread {
  readonly cases: number;
  readonly withoutValue: number;
  readonly mean: number;
  readonly median: number;
  readonly bootstrap: Interval;
}

export type SegmentationFigures = Readonly<Record<keyof OverlapFigures, Spread>>;

/** Overlap over the cases with a true mask; null where there is none. */
export function segmentationFigures(
  cases: readonly EvaluatedCase[],
  random: () => number,
): SegmentationFigures | null {
  const rated = cases.filter(isAnalysed).filter((one) => one.answer.overlap !== null);
  if (rated.length === 0) return null;
  const of = (name: keyof OverlapFigures): Spread =>
    spreadOf(
      rated.map((one) => one.patient),
      rated.map((one) => one.answer.overlap![name]),
      random,
    );
  return {
    dice: of('dice'),
    iou: of('iou'),
    volumeSimilarity: of('volumeSimilarity'),
    hausdorffMm: of('hausdorffMm'),
    hausdorff95Mm: of('hausdorff95Mm'),
  };
}

export interface ActivationFigures {
  /** Cases with an aneurysm that the node found. */
  readonly cases: number;
  /** Whose map is greatest inside an aneurysm: the pointing game. */
  readonly peakInside: number;
  readonly peakInsideInterval: Interval;
  /** Over the cases with a mask; null without one. */
  readonly iou: Spread | null;
}

/** Whether the map that explains a result is where the aneurysm is, over true positives; null where there is none with a map. */
export function activationFigures(
  cases: readonly EvaluatedCase[],
  random: () => number,
): ActivationFigures | null {
  const rated = cases.filter(isAnalysed).filter(isExplainedHit);
  if (rated.length === 0) return null;
  const inside = rated.filter(peaksInside).length;
  const withMask = rated.filter((one) => one.answer.activation?.iou !== null);
  return {
    cases: rated.length,
    peakInside: inside,
    peakInsideInterval: wilson(inside, rated.length),
    iou:
      withMask.length === 0
        ? null
        : spreadOf(
            withMask.map((one) => one.patient),
            withMask.map((one) => one.answer.activation!.iou!),
            random,
          ),
  };
}

function isExplainedHit({ truth, answer }: AnalysedCase): boolean {
  const open = truth.aneurysms?.some((lesion) => !lesion.treated) ?? false;
  return open && answer.called && answer.activation !== null;
}

/** At most half a voxel diagonal of the 1 mm grid beyond the rim: a peak is a voxel, not a point. */
const rimMm = 0.9;

function peaksInside({ truth, answer }: AnalysedCase): boolean {
  const { peak, peakLpsMm } = answer.activation!;
  if (peak === 0) return false;
  return truth.aneurysms!.some(
    ({ centreLpsMm, diameterMm }) => distanceMm(peakLpsMm, centreLpsMm) <= (diameterMm ?? 10) / 2 + rimMm,
  );
}

function spreadOf(patients: readonly string[], values: readonly number[], random: () => number): Spread {
  const known = values.filter((value) => !Number.isNaN(value));
  const meanOf = (rows: readonly number[]): number => {
    const drawn = rows.map((row) => values[row]!).filter((value) => !Number.isNaN(value));
    return drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  };
  return {
    cases: known.length,
    withoutValue: values.length - known.length,
    mean: meanOf([...values.keys()]),
    median: quantile(known, 0.5),
    bootstrap: bootstrap(patients, meanOf, random),
  };
}
