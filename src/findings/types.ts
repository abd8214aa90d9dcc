import type { CodedConcept } from '../dicom/index.ts';

/** A point in the patient, mm, DICOM LPS axes (x to the Left, y to the Posterior, z to the Superior; PS3.3 C.7.6.2.1.1). */
export type PointLpsMm = readonly [number, number, number];

export type Laterality = 'left' | 'right';

/** An anatomical site with the side it lies on; `null` where the midline is too near or the side is not told. */
export interface Site extends CodedConcept {
  readonly laterality: Laterality | null;
}

export interface Finding {
  readonly kind: 'aneurysm';
  /** Calibrated probability, 0..1. */
  readonly probability: number;
  readonly centreLpsMm: PointLpsMm;
  readonly maxDiameterMm: number;
  readonly volumeMm3: number;
  readonly site: Site;
  /** The source instance that shows the centre best, and its frame (1-based) in a multi-frame instance. */
  readonly keySopInstanceUid: string;
  readonly keyFrameNumber: number | null;
}

/** Why a series was not analysed: a stable code and a sentence for the radiologist. */
export interface Reason {
  readonly code: string;
  readonly text: string;
}

export interface BundleIdentity {
  readonly id: string;
  readonly version: string;
  /** SHA-256 of the manifest and every file it names, lower-case hex. */
  readonly sha256: string;
}

export interface Timings {
  readonly load: number;
  readonly preprocess: number;
  readonly inference: number;
  readonly results: number;
}

interface Common {
  readonly seriesInstanceUid: string;
  readonly pipeline: string;
  readonly bundle: BundleIdentity;
  readonly timingsMs: Timings;
}

/** What a pipeline says of one series (docs: "Findings contract"); the same object feeds results, web and evaluation. */
export type SeriesFindings = Common &
  (
    | {
        readonly state: 'findings';
        readonly probability: number;
        readonly findings: readonly [Finding, ...Finding[]];
      }
    | { readonly state: 'no-findings'; readonly probability: number; readonly findings: readonly [] }
    | { readonly state: 'not-analysed'; readonly reason: Reason; readonly findings: readonly [] }
  );
