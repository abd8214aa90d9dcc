import type { PointLpsMm } from '../findings/index.ts';

/** A true aneurysm; `diameterMm` null where only a point was marked. */
export interface Lesion {
  readonly centreLpsMm: PointLpsMm;
  readonly diameterMm: number | null;
  /** Coiled or clipped: marks on it are neither right nor wrong. */
  readonly treated: boolean;
}

export interface Mark {
  readonly centreLpsMm: PointLpsMm;
  readonly probability: number;
}

/** What a mark is about: the lesion it hits (its place in the list), a treated one, or nothing. */
export type Hit =
  { readonly kind: 'lesion'; readonly lesion: number } | { readonly kind: 'treated' | 'none' };

/** A point without a size is hit within this distance: the winners of RSNA 2025 used spheres of this order. */
const pointRadiusMm = 5;
/** Nobody places the centre of a 2 mm aneurysm better than this; the cards count so too. */
const leastRadiusMm = 3;

/** A mark hits the nearest lesion within that lesion's radius, at least 3 mm, of its centre. */
export function matchMarks(lesions: readonly Lesion[], marks: readonly Mark[]): readonly Hit[] {
  return marks.map((mark) => {
    let best: { readonly lesion: number; readonly distance: number } | null = null;
    for (const [lesion, { centreLpsMm, diameterMm }] of lesions.entries()) {
      const distance = distanceMm(mark.centreLpsMm, centreLpsMm);
      const radius = diameterMm === null ? pointRadiusMm : Math.max(leastRadiusMm, diameterMm / 2);
      if (distance <= radius && distance < (best?.distance ?? Infinity)) best = { lesion, distance };
    }
    if (best === null) return { kind: 'none' };
    return lesions[best.lesion]!.treated ? { kind: 'treated' } : { kind: 'lesion', lesion: best.lesion };
  });
}

export function distanceMm(a: PointLpsMm, b: PointLpsMm): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** One scan for the free-response curve. */
export interface ScanMarks {
  readonly lesions: readonly Lesion[];
  readonly marks: readonly Mark[];
}

export interface FrocPoint {
  readonly threshold: number;
  readonly sensitivity: number;
  readonly falsePositivesPerScan: number;
}

/** Free-response curve at falling thresholds; a lesion counts once, by its best mark. Empty without lesions or marks. */
export function frocCurve(scans: readonly ScanMarks[]): readonly FrocPoint[] {
  const lesionCount = scans.reduce((sum, scan) => sum + openLesions(scan.lesions), 0);
  if (lesionCount === 0) return [];
  const events = scans.flatMap((scan, place) =>
    matchMarks(scan.lesions, scan.marks).flatMap((hit, index) => {
      if (hit.kind === 'treated') return [];
      const lesion = hit.kind === 'lesion' ? `${place} ${hit.lesion}` : null;
      return [{ probability: scan.marks[index]!.probability, lesion }];
    }),
  );
  const found = new Set<string>();
  let falsePositives = 0;
  const byProbability = [...Map.groupBy(events, (event) => event.probability)].sort(([a], [b]) => b - a);
  return byProbability.map(([threshold, group]) => {
    for (const { lesion } of group) {
      if (lesion === null) falsePositives += 1;
      else found.add(lesion);
    }
    return {
      threshold,
      sensitivity: found.size / lesionCount,
      falsePositivesPerScan: falsePositives / scans.length,
    };
  });
}

/** The best sensitivity with at most this many false positives a scan; 0 where no threshold is so quiet. */
export function sensitivityAt(curve: readonly FrocPoint[], falsePositivesPerScan: number): number {
  const quiet = curve.filter((point) => point.falsePositivesPerScan <= falsePositivesPerScan + 1e-12);
  return Math.max(0, ...quiet.map((point) => point.sensitivity));
}

/** Competition performance metric: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives a scan. */
export const cpmRates: readonly number[] = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];

export function competitionMetric(curve: readonly FrocPoint[]): number {
  if (curve.length === 0) return NaN;
  return cpmRates.reduce((sum, rate) => sum + sensitivityAt(curve, rate), 0) / cpmRates.length;
}

function openLesions(lesions: readonly Lesion[]): number {
  return lesions.filter((lesion) => !lesion.treated).length;
}
