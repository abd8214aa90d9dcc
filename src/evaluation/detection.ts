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

/** One scan for the free-response curve: its lesions, and each mark with the lesion it hits, null for none; treated ones left out. */
export interface ScanEvents {
  readonly lesions: number;
  readonly events: readonly { readonly probability: number; readonly lesion: number | null }[];
}

export function scanEvents(lesions: readonly Lesion[], marks: readonly Mark[]): ScanEvents {
  const events = matchMarks(lesions, marks).flatMap((hit, index) => {
    if (hit.kind === 'treated') return [];
    return [{ probability: marks[index]!.probability, lesion: hit.kind === 'lesion' ? hit.lesion : null }];
  });
  return { lesions: lesions.filter((lesion) => !lesion.treated).length, events };
}

export interface FrocPoint {
  readonly threshold: number;
  readonly sensitivity: number;
  readonly falsePositivesPerScan: number;
}

/** Free-response curve at falling thresholds; a lesion counts once, by its best mark. Empty without lesions. */
export function frocCurve(scans: readonly ScanEvents[]): readonly FrocPoint[] {
  const lesionCount = scans.reduce((sum, scan) => sum + scan.lesions, 0);
  if (lesionCount === 0) return [];
  const events = scans
    .flatMap((scan, place) => scan.events.map((event) => ({ ...event, place })))
    .sort((a, b) => b.probability - a.probability);
  const found = new Set<string>();
  let falsePositives = 0;
  const points: FrocPoint[] = [];
  for (const [index, { probability, lesion, place }] of events.entries()) {
    if (lesion === null) falsePositives += 1;
    else found.add(`${place} ${lesion}`);
    if (events[index + 1]?.probability === probability) continue;
    const falsePositivesPerScan = falsePositives / scans.length;
    points.push({ threshold: probability, sensitivity: found.size / lesionCount, falsePositivesPerScan });
  }
  return points;
}

/** The best sensitivity with at most this many false positives a scan; 0 where no threshold is so quiet. */
export function sensitivityAt(curve: readonly FrocPoint[], falsePositivesPerScan: number): number {
  const quiet = curve.filter((point) => point.falsePositivesPerScan <= falsePositivesPerScan + 1e-12);
  return Math.max(0, ...quiet.map((point) => point.sensitivity));
}

/** False positives a scan at which the competition performance metric reads the curve, and takes the mean. */
export const cpmRates: readonly number[] = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];

/** NaN without lesions; a curve without marks is 0. */
export function competitionMetric(scans: readonly ScanEvents[]): number {
  if (scans.every((scan) => scan.lesions === 0)) return NaN;
  const curve = frocCurve(scans);
  return cpmRates.reduce((sum, rate) => sum + sensitivityAt(curve, rate), 0) / cpmRates.length;
}
