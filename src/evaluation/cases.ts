import type { HaemorrhageFinding, PointLpsMm, Reason, ScanScores } from '../findings/index.ts';
import type { Mark } from './detection.ts';
import type { HaemorrhageClass } from './rsna.ts';
import type { OverlapFigures } from './segmentation.ts';
import type { CaseTruth } from './truth.ts';

/** One labelled case with what the node said of it: all that the figures are made from. */
export interface EvaluatedCase {
  readonly name: string;
  readonly patient: string;
  readonly truth: CaseTruth;
  /** What was analysed: the same images give the same hash. */
  readonly inputSha256: string;
  readonly answer: Answer;
}

export type Answer =
  | { readonly kind: 'not-analysed'; readonly reason: Reason }
  | {
      readonly kind: 'analysed';
      /** The node reports findings. */
      readonly called: boolean;
      /** Of the scan, 0..1. */
      readonly probability: number;
      /** Null of a pipeline that tells none. */
      readonly scanScores: ScanScores | null;
      /** Every place the network marked, findings or not. */
      readonly marks: readonly Mark[];
      /** The findings among them. */
      readonly findings: readonly FoundAneurysm[];
      readonly calledSubtypes: readonly HaemorrhageFinding['subtype'][];
      /** Greatest probability of any slice; null of a pipeline that judges no slices. */
      readonly classProbabilities: Readonly<Record<HaemorrhageClass, number>> | null;
      readonly slices: readonly SliceJudgement[];
      /** Against the true mask; null where the case has none. */
      readonly overlap: OverlapFigures | null;
      readonly activation: Activation | null;
      readonly milliseconds: number;
    };

export interface FoundAneurysm extends Mark {
  readonly maxDiameterMm: number;
  readonly site: string;
  readonly side: 'left' | 'right' | null;
}

export interface SliceJudgement {
  readonly sopInstanceUid: string;
  readonly probabilities: Readonly<Record<HaemorrhageClass, number>>;
}

/** How the map that explains the result lies to the truth. */
export interface Activation {
  /** Voxels at half of the map's maximum and above, and the mask; null without a mask. */
  readonly iou: number | null;
  readonly peakLpsMm: PointLpsMm;
  /** The greatest value of the map, 0 of an empty one: then it has no peak. */
  readonly peak: number;
}

export type AnalysedCase = EvaluatedCase & { readonly answer: Extract<Answer, { kind: 'analysed' }> };

export function isAnalysed(one: EvaluatedCase): one is AnalysedCase {
  return one.answer.kind === 'analysed';
}
