import type { ScanScores } from '../findings/index.ts';
import type { Interval } from './intervals.ts';
import { auc, delongInterval, youdenThreshold } from './roc.ts';

/** How well one way to sum up a scan's map tells cases with from cases without. */
export interface ScanScoreFigures {
  readonly score: keyof ScanScores;
  readonly auc: { readonly value: number; readonly delong: Interval };
  /** From these very cases, as the paper chooses it on its validation scans. */
  readonly youdenThreshold: number;
}

/** Of every way; empty where the pipeline tells no such scores. Place by place: is it there, and what was told. */
export function scanScoreFigures(
  truth: readonly boolean[],
  told: readonly (ScanScores | null)[],
): readonly ScanScoreFigures[] {
  const scores = told.filter((one) => one !== null);
  if (scores.length === 0 || scores.length < told.length) return [];
  return (['max', 'mean', 'p95'] as const).map((score) => {
    const values = scores.map((one) => one[score]);
    const { low, high } = delongInterval(truth, values);
    return {
      score,
      auc: { value: auc(truth, values), delong: { low, high } },
      youdenThreshold: youdenThreshold(truth, values),
    };
  });
}
