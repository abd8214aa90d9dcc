import type { PointLpsMm } from '../findings/index.ts';
import { distanceMm, type Lesion } from './detection.ts';

export interface AdamScan {
  /** NaN in a scan without untreated aneurysms: it is left out of the mean. */
  readonly sensitivity: number;
  readonly falsePositives: number;
}

/**
 * One scan as the scorer of the ADAM challenge counts it: a point hits within the aneurysm's own radius; an aneurysm counts once,
 * further points on it are neither hit nor false; points on a treated one are left out. Its scorer compares treated places by
 * `in` on an array, which can drop real false positives; here they are looked up by distance. Points without a size have no radius.
 */
export function adamScan(lesions: readonly Lesion[], points: readonly PointLpsMm[]): AdamScan {
  const hits = (lesion: Lesion, point: PointLpsMm): boolean =>
    lesion.diameterMm !== null && distanceMm(lesion.centreLpsMm, point) <= lesion.diameterMm / 2;
  const open = lesions.filter((lesion) => !lesion.treated);
  const found = open.filter((lesion) => points.some((point) => hits(lesion, point)));
  const falsePositives = points.filter((point) => !lesions.some((lesion) => hits(lesion, point)));
  return { sensitivity: found.length / open.length, falsePositives: falsePositives.length };
}

/** Means over scans: sensitivities averaged, not pooled over aneurysms; false positives over all scans. */
export function adamScore(scans: readonly AdamScan[]): {
  readonly sensitivity: number;
  readonly falsePositivesPerScan: number;
} {
  const rated = scans.filter((scan) => !Number.isNaN(scan.sensitivity));
  return {
    sensitivity: rated.reduce((sum, scan) => sum + scan.sensitivity, 0) / rated.length,
    falsePositivesPerScan: scans.reduce((sum, scan) => sum + scan.falsePositives, 0) / scans.length,
  };
}

export interface RankedMetric {
  /** One value a system. */
  readonly values: readonly number[];
  readonly higherIsBetter: boolean;
}

/** The ADAM ranking: each metric scaled from its best (0) to its worst system (1), then the mean; lower is better. */
export function adamRanking(metrics: readonly RankedMetric[]): readonly number[] {
  const ranks = metrics.map(({ values, higherIsBetter }) => {
    const least = Math.min(...values);
    const spread = Math.max(...values) - least;
    return values.map((value) => {
      const scaled = spread === 0 ? 0 : (value - least) / spread;
      return higherIsBetter && spread > 0 ? 1 - scaled : scaled;
    });
  });
  return (metrics[0]?.values ?? []).map(
    (_, system) => ranks.reduce((sum, rank) => sum + rank[system]!, 0) / ranks.length,
  );
}
