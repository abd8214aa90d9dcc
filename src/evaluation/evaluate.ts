import type { BundleIdentity, FindingKind } from '../findings/index.ts';
import { isAnalysed, type AnalysedCase, type EvaluatedCase } from './cases.ts';
import { rsna2019, rsna2025, type Rsna2019, type Rsna2025 } from './challenge-figures.ts';
import { classify, type Classification } from './classification.ts';
import { detectionFigures, type DetectionFigures } from './detection-figures.ts';
import { seededRandom, wilson, type Interval } from './intervals.ts';
import {
  activationFigures,
  segmentationFigures,
  type ActivationFigures,
  type SegmentationFigures,
} from './overlap-figures.ts';
import { readerStudy, type Rating, type ReaderStudy } from './ratings.ts';
import { haemorrhageClasses, type HaemorrhageClass } from './rsna.ts';
import { scanScoreFigures, type ScanScoreFigures } from './scan-score-figures.ts';

/** One pipeline on labelled cases. */
export interface EvaluationInput {
  readonly pipeline: string;
  readonly bundle: BundleIdentity;
  /** The bundle's own words on what it may be used for. */
  readonly intendedUse: string;
  readonly kind: FindingKind;
  readonly cases: readonly EvaluatedCase[];
  readonly ratings: readonly Rating[];
  /** Of the bootstrap. */
  readonly seed: number;
}

export interface PipelineEvaluation extends Omit<EvaluationInput, 'ratings'> {
  readonly counts: Counts;
  /** Null where no case was analysed. */
  readonly classification: Classification | null;
  /** The paper's ways to sum up a scan; empty of pipelines that tell none. */
  readonly scanScores: readonly ScanScoreFigures[];
  /** Of haemorrhage: each subtype that the truth tells of. */
  readonly subtypes: Readonly<Partial<Record<HaemorrhageClass, Classification>>>;
  readonly detection: DetectionFigures | null;
  readonly segmentation: SegmentationFigures | null;
  readonly activation: ActivationFigures | null;
  readonly rsna2025: Rsna2025 | null;
  readonly rsna2019: Rsna2019 | null;
  readonly readers: ReaderStudy | null;
}

export interface Counts {
  readonly cases: number;
  readonly patients: number;
  readonly positives: number;
  readonly negatives: number;
  readonly analysed: number;
  readonly notAnalysed: readonly {
    readonly code: string;
    readonly cases: number;
    readonly positives: number;
  }[];
  /** Sensitivity where a positive case that was not analysed counts as missed: what the site gets, whatever the reason. */
  readonly sensitivityOfAll: { readonly found: number; readonly of: number } & Interval;
}

/** Every figure there is for these cases; the same input gives the same output, digit by digit. */
export function evaluatePipeline(input: EvaluationInput): PipelineEvaluation {
  const { ratings, ...identity } = input;
  const { cases, kind } = input;
  const random = seededRandom(input.seed);
  const analysed = cases.filter(isAnalysed);
  const positive = (one: EvaluatedCase): boolean => isPositive(one, kind);
  const isAneurysm = kind === 'aneurysm';
  return {
    ...identity,
    counts: countsOf(cases, positive),
    classification: analysed.length === 0 ? null : classify(decisionsOf(analysed, positive), random),
    scanScores: scanScoreFigures(
      analysed.map(positive),
      analysed.map(({ answer }) => answer.scanScores),
    ),
    subtypes: isAneurysm ? {} : subtypeFigures(analysed, random),
    detection: isAneurysm ? detectionFigures(analysed, random) : null,
    segmentation: segmentationFigures(cases, random),
    activation: isAneurysm ? activationFigures(cases, random) : null,
    rsna2025: isAneurysm ? rsna2025(analysed) : null,
    rsna2019: isAneurysm ? null : rsna2019(analysed),
    readers: readerStudy(ratings, new Map(cases.map((one) => [one.name, positive(one)]))),
  };
}

/** Whether what a pipeline looks for is there; undefined where the truth does not tell. */
export function labelOf({ truth }: Pick<EvaluatedCase, 'truth'>, kind: FindingKind): boolean | undefined {
  if (kind === 'haemorrhage') return truth.haemorrhage?.any;
  return truth.aneurysms?.some((lesion) => !lesion.treated) ?? truth.aneurysm;
}

function isPositive(one: EvaluatedCase, kind: FindingKind): boolean {
  return labelOf(one, kind) === true;
}

function countsOf(cases: readonly EvaluatedCase[], positive: (one: EvaluatedCase) => boolean): Counts {
  const positives = cases.filter(positive);
  const found = positives.filter((one) => isAnalysed(one) && one.answer.called).length;
  const byCode = Map.groupBy(
    cases.filter((one) => one.answer.kind === 'not-analysed'),
    (one) => (one.answer.kind === 'not-analysed' ? one.answer.reason.code : ''),
  );
  return {
    cases: cases.length,
    patients: new Set(cases.map((one) => one.patient)).size,
    positives: positives.length,
    negatives: cases.length - positives.length,
    analysed: cases.filter(isAnalysed).length,
    notAnalysed: [...byCode].map(([code, own]) => ({
      code,
      cases: own.length,
      positives: own.filter(positive).length,
    })),
    sensitivityOfAll: { found, of: positives.length, ...wilson(found, positives.length) },
  };
}

function decisionsOf(
  analysed: readonly AnalysedCase[],
  positive: (one: EvaluatedCase) => boolean,
): Parameters<typeof classify>[0] {
  return {
    truth: analysed.map(positive),
    probabilities: analysed.map((one) => one.answer.probability),
    called: analysed.map((one) => one.answer.called),
    patients: analysed.map((one) => one.patient),
  };
}

function subtypeFigures(
  analysed: readonly AnalysedCase[],
  random: () => number,
): Readonly<Partial<Record<HaemorrhageClass, Classification>>> {
  const judged = haemorrhageClasses.flatMap((name) => {
    if (name === 'any') return [];
    const own = analysed.filter(
      ({ truth, answer }) => truth.haemorrhage?.[name] !== undefined && answer.classProbabilities !== null,
    );
    if (own.length === 0) return [];
    const decisions = {
      truth: own.map((one) => one.truth.haemorrhage![name]!),
      probabilities: own.map((one) => one.answer.classProbabilities![name]),
      called: own.map((one) => one.answer.calledSubtypes.includes(name)),
      patients: own.map((one) => one.patient),
    };
    return [[name, classify(decisions, random)] as const];
  });
  return Object.fromEntries(judged);
}
