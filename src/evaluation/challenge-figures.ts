import type { AnalysedCase } from './cases.ts';
import { locationOf } from './locations.ts';
import { auc } from './roc.ts';
import {
  aneurysmLocations,
  aneurysmScore,
  haemorrhageClasses,
  haemorrhageLogLoss,
  type AneurysmLocation,
  type HaemorrhageClass,
} from './rsna.ts';

export interface Rsna2025 {
  /** The score of the challenge; NaN unless every one of the 13 places occurs, and is missing, in some case. */
  readonly score: number;
  readonly presentAuc: number;
  /** Null of a place that occurs in no case, or in all. */
  readonly locations: readonly {
    readonly name: AneurysmLocation;
    readonly cases: number;
    readonly auc: number;
  }[];
}

/** Null where no finding names its artery: a score would rate what the pipeline does not tell. */
export function rsna2025(cases: readonly AnalysedCase[]): Rsna2025 | null {
  const listed = cases.filter((one) => one.truth.aneurysms !== undefined);
  const named = listed.some((one) => one.answer.findings.some((finding) => locationOf(finding) !== null));
  if (!named) return null;
  const present = { truth: listed.map(hasAneurysm), scores: listed.map((one) => one.answer.probability) };
  const locations = aneurysmLocations.map((name) => ({
    truth: listed.map((one) =>
      one.truth.aneurysms!.some((lesion) => !lesion.treated && locationOf(lesion) === name),
    ),
    scores: listed.map((one) =>
      Math.max(
        0,
        ...one.answer.findings
          .filter((finding) => locationOf(finding) === name)
          .map((finding) => finding.probability),
      ),
    ),
  }));
  return {
    score: aneurysmScore(present, locations),
    presentAuc: auc(present.truth, present.scores),
    locations: locations.map(({ truth, scores }, index) => ({
      name: aneurysmLocations[index]!,
      cases: truth.filter(Boolean).length,
      auc: auc(truth, scores),
    })),
  };
}

function hasAneurysm({ truth }: AnalysedCase): boolean {
  return truth.aneurysms!.some((lesion) => !lesion.treated);
}

export interface Rsna2019 {
  /** Weighted log loss over scans, whose truth tells of every subtype. */
  readonly scans: { readonly count: number; readonly logLoss: number } | null;
  /** Over slices with a truth, as the challenge counts. */
  readonly slices: { readonly count: number; readonly logLoss: number } | null;
}

/** Null where neither scans nor slices can be rated. */
export function rsna2019(cases: readonly AnalysedCase[]): Rsna2019 | null {
  const scans = cases.flatMap(({ truth, answer }) => {
    const told = haemorrhageClasses.every((name) => truth.haemorrhage?.[name] !== undefined);
    if (!told || answer.classProbabilities === null) return [];
    return [
      {
        truth: row((name) => truth.haemorrhage![name]!),
        given: row((name) => answer.classProbabilities![name]),
      },
    ];
  });
  const slices = cases.flatMap(({ truth, answer }) =>
    answer.slices.flatMap(({ sopInstanceUid, probabilities }) => {
      const seen = truth.slices?.[sopInstanceUid];
      if (seen === undefined) return [];
      const isThere = (name: HaemorrhageClass): boolean =>
        name === 'any' ? seen.length > 0 : seen.includes(name);
      return [{ truth: row(isThere), given: row((name) => probabilities[name]) }];
    }),
  );
  if (scans.length === 0 && slices.length === 0) return null;
  return { scans: lossOf(scans), slices: lossOf(slices) };
}

function row<Value>(of: (name: HaemorrhageClass) => Value): readonly Value[] {
  return haemorrhageClasses.map(of);
}

function lossOf(
  rows: readonly { readonly truth: readonly boolean[]; readonly given: readonly number[] }[],
): { readonly count: number; readonly logLoss: number } | null {
  if (rows.length === 0) return null;
  const logLoss = haemorrhageLogLoss(
    rows.map((one) => one.truth),
    rows.map((one) => one.given),
  );
  return { count: rows.length, logLoss };
}
