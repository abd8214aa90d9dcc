import { adamScan, adamScore } from './adam.ts';
import type { AnalysedCase } from './cases.ts';
import {
  competitionMetric,
  cpmRates,
  distanceMm,
  frocCurve,
  matchMarks,
  scanEvents,
  sensitivityAt,
  type FrocPoint,
  type ScanEvents,
} from './detection.ts';
import { bootstrapAll, quantile, wilson, type Interval } from './intervals.ts';
import { locationOf } from './locations.ts';
import type { TrueLesion } from './truth.ts';

export interface DetectionFigures {
  readonly scans: number;
  readonly lesions: number;
  readonly treatedLesions: number;
  /** Scans with an untreated aneurysm, and those of them in which a finding hits one: a scan can be reported for a wrong place. */
  readonly positiveScans: number;
  readonly rightlyPlacedScans: number;
  /** Of the node's own findings. */
  readonly operatingPoint: {
    readonly detected: number;
    readonly falsePositives: number;
    readonly sensitivity: number;
    readonly sensitivityInterval: Interval;
    readonly sensitivityBootstrap: Interval;
    readonly falsePositivesPerScan: number;
    readonly falsePositivesPerScanBootstrap: Interval;
  };
  /** Of every mark, whatever its probability. */
  readonly froc: readonly FrocPoint[];
  readonly sensitivityAtRates: readonly {
    readonly falsePositivesPerScan: number;
    readonly sensitivity: number;
  }[];
  readonly cpm: number;
  readonly cpmBootstrap: Interval;
  readonly bySize: readonly Group[];
  readonly bySite: readonly Group[];
  readonly localisation: Localisation;
  readonly adam: { readonly sensitivity: number; readonly falsePositivesPerScan: number };
}

/** Lesions of one kind, and how many of them the node's findings hit. */
export interface Group extends Interval {
  readonly name: string;
  readonly lesions: number;
  readonly detected: number;
}

export interface Localisation {
  /** Findings that hit an aneurysm. */
  readonly marks: number;
  readonly meanErrorMm: number;
  readonly medianErrorMm: number;
  readonly p95ErrorMm: number;
  readonly errorsMm: readonly number[];
  /** Found minus true diameter. */
  readonly diameterBiasMm: number;
  readonly diameterSdMm: number;
}

const sizes: readonly (readonly [string, number, number])[] = [
  ['below 3 mm', 0, 3],
  ['3 to 5 mm', 3, 5],
  ['5 to 7 mm', 5, 7],
  ['7 mm and more', 7, Infinity],
];

interface Scan {
  readonly patient: string;
  readonly all: ScanEvents;
  readonly found: ScanEvents;
  readonly lesions: readonly LesionResult[];
}

interface LesionResult extends TrueLesion {
  readonly detected: boolean;
  /** The nearest finding that hits it. */
  readonly errorMm: number | null;
  readonly diameterErrorMm: number | null;
}

/** Free-response figures of analysed cases whose truth lists every aneurysm; null where there is none such. */
export function detectionFigures(
  cases: readonly AnalysedCase[],
  random: () => number,
): DetectionFigures | null {
  const listed = cases.filter((one) => one.truth.aneurysms !== undefined);
  if (listed.length === 0) return null;
  const scans = listed.map(scanOf);
  const intervals = bootstrapAll(
    scans.map((scan) => scan.patient),
    (rows) => resampled(rows.map((row) => scans[row]!)),
    random,
  );
  const { sensitivity, falsePositivesPerScan, cpm, detected, falsePositives } = resampled(scans);
  const lesions = scans.flatMap((scan) => scan.lesions.filter((lesion) => !lesion.treated));
  const froc = frocCurve(scans.map((scan) => scan.all));
  return {
    scans: scans.length,
    lesions: lesions.length,
    treatedLesions: scans.flatMap((scan) => scan.lesions).length - lesions.length,
    positiveScans: scans.filter((scan) => scan.all.lesions > 0).length,
    rightlyPlacedScans: scans.filter(({ lesions: own }) => own.some((one) => !one.treated && one.detected))
      .length,
    operatingPoint: {
      ...{ detected, falsePositives, sensitivity, falsePositivesPerScan },
      sensitivityInterval: wilson(detected, lesions.length),
      sensitivityBootstrap: intervals.sensitivity,
      falsePositivesPerScanBootstrap: intervals.falsePositivesPerScan,
    },
    froc,
    sensitivityAtRates: cpmRates.map((rate) => ({
      falsePositivesPerScan: rate,
      sensitivity: lesions.length === 0 ? NaN : sensitivityAt(froc, rate),
    })),
    cpm,
    cpmBootstrap: intervals.cpm,
    bySize: groups(lesions, sizeOf, [...sizes.map(([name]) => name), 'size not told']),
    bySite: groups(lesions, siteOf, [...new Set(lesions.map(siteOf))].sort()),
    localisation: localisation(lesions),
    adam: adamScore(listed.map((one) => adamScan(one.truth.aneurysms!, placesOf(one)))),
  };
}

function scanOf({ patient, truth, answer }: AnalysedCase): Scan {
  const lesions = truth.aneurysms!;
  const hits = matchMarks(lesions, answer.findings);
  return {
    patient,
    all: scanEvents(lesions, answer.marks),
    found: scanEvents(lesions, answer.findings),
    lesions: lesions.map((lesion, place) => {
      const own = answer.findings
        .filter((_, index) => hits[index]?.kind === 'lesion' && hits[index].lesion === place)
        .map((finding) => ({ finding, errorMm: distanceMm(finding.centreLpsMm, lesion.centreLpsMm) }))
        .sort((a, b) => a.errorMm - b.errorMm)[0];
      const diameterErrorMm =
        own === undefined || lesion.diameterMm === null
          ? null
          : own.finding.maxDiameterMm - lesion.diameterMm;
      return { ...lesion, detected: own !== undefined, errorMm: own?.errorMm ?? null, diameterErrorMm };
    }),
  };
}

function placesOf(one: AnalysedCase): AnalysedCase['answer']['findings'][number]['centreLpsMm'][] {
  return one.answer.findings.map((finding) => finding.centreLpsMm);
}

function resampled(
  scans: readonly Scan[],
): Readonly<Record<'sensitivity' | 'falsePositivesPerScan' | 'cpm' | 'detected' | 'falsePositives', number>> {
  let [lesions, detected, falsePositives] = [0, 0, 0];
  for (const { found } of scans) {
    lesions += found.lesions;
    detected += new Set(found.events.flatMap((event) => (event.lesion === null ? [] : [event.lesion]))).size;
    falsePositives += found.events.filter((event) => event.lesion === null).length;
  }
  return {
    detected,
    falsePositives,
    sensitivity: detected / lesions,
    falsePositivesPerScan: falsePositives / scans.length,
    cpm: competitionMetric(scans.map((scan) => scan.all)),
  };
}

function groups(
  lesions: readonly LesionResult[],
  nameOf: (lesion: LesionResult) => string,
  names: readonly string[],
): readonly Group[] {
  return names.flatMap((name) => {
    const own = lesions.filter((lesion) => nameOf(lesion) === name);
    const detected = own.filter((lesion) => lesion.detected).length;
    if (own.length === 0) return [];
    return [{ name, lesions: own.length, detected, ...wilson(detected, own.length) }];
  });
}

function sizeOf({ diameterMm }: TrueLesion): string {
  if (diameterMm === null) return 'size not told';
  return sizes.find(([, low, high]) => diameterMm >= low && diameterMm < high)![0];
}

/** The place of RSNA 2025 where the words tell it, else the words themselves. */
function siteOf({ site, side }: TrueLesion): string {
  if (site === null) return 'site not told';
  return locationOf({ site, side }) ?? (side === null ? site : `${site}, ${side}`);
}

function localisation(lesions: readonly LesionResult[]): Localisation {
  const errorsMm = lesions.flatMap((lesion) => (lesion.errorMm === null ? [] : [lesion.errorMm]));
  const diameters = lesions.flatMap((one) => (one.diameterErrorMm === null ? [] : [one.diameterErrorMm]));
  const diameterBiasMm = mean(diameters);
  const squares = diameters.reduce((sum, error) => sum + (error - diameterBiasMm) ** 2, 0);
  return {
    marks: errorsMm.length,
    meanErrorMm: mean(errorsMm),
    medianErrorMm: quantile(errorsMm, 0.5),
    p95ErrorMm: quantile(errorsMm, 0.95),
    errorsMm,
    diameterBiasMm,
    diameterSdMm: Math.sqrt(squares / (diameters.length - 1)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
