import type { CodedConcept } from '../dicom/index.ts';

/** A point in the patient, mm, DICOM LPS axes (x to the Left, y to the Posterior, z to the Superior; PS3.3 C.7.6.2.1.1). */
export type PointLpsMm = readonly [number, number, number];

export type Laterality = 'left' | 'right';

/** An anatomical site with the side it lies on; `null` where the midline is too near or the side is not told. */
export interface Site extends CodedConcept {
  readonly laterality: Laterality | null;
  /** Which part of the artery, where that is told: a topographical modifier. */
  readonly modifier?: CodedConcept;
}

/** The source instance that shows a finding best, and its frame (1-based) in a multi-frame instance. */
export interface KeyFrame {
  readonly keySopInstanceUid: string;
  readonly keyFrameNumber: number | null;
}

export interface AneurysmFinding extends KeyFrame {
  readonly kind: 'aneurysm';
  /** Calibrated probability, 0..1. */
  readonly probability: number;
  readonly centreLpsMm: PointLpsMm;
  readonly maxDiameterMm: number;
  readonly volumeMm3: number;
  readonly site: Site;
  /** Of a linear classifier: what each of its features adds to the logit, the largest first. */
  readonly contributions?: readonly { readonly feature: number; readonly logit: number }[];
  /** Where several pipelines read the series: what each says of this aneurysm, the leading one first. */
  readonly opinions?: readonly Opinion[];
  /** Against the same aneurysm in an earlier study; left out where there is none to compare with. */
  readonly growth?: Growth;
  /** Why it has no growth although an earlier study was compared; left out otherwise. */
  readonly unmatched?: Unmatched;
}

/** Not marked in the earlier study: new, or missed then; beyond its images; or measured there by another pipeline. */
export type Unmatched = 'not-marked-before' | 'outside-prior' | 'measured-differently';

export type HaemorrhageSubtype =
  'epidural' | 'intraparenchymal' | 'intraventricular' | 'subarachnoid' | 'subdural';

/** One subtype of haemorrhage in one scan, with the slices that show it. */
export interface HaemorrhageFinding extends KeyFrame {
  readonly kind: 'haemorrhage';
  readonly subtype: HaemorrhageSubtype;
  /** Calibrated probability of this subtype anywhere in the scan, 0..1. */
  readonly probability: number;
  /** In stack order; only slices that the pipeline marks. */
  readonly slices: readonly [SliceProbability, ...SliceProbability[]];
  /** Null where the pipeline tells slices but no place in them. */
  readonly centreLpsMm: PointLpsMm | null;
  readonly volumeMm3: number | null;
}

export interface SliceProbability {
  readonly sopInstanceUid: string;
  /** 1-based in a multi-frame instance, null in a single-frame one. */
  readonly frameNumber: number | null;
  readonly probability: number;
}

export type Finding = AneurysmFinding | HaemorrhageFinding;
export type FindingKind = Finding['kind'];

/** What an aneurysm was like in an earlier study, and what became of it. */
export interface Growth {
  readonly prior: Prior;
  readonly priorMaxDiameterMm: number;
  readonly priorVolumeMm3: number;
  /** Judged by whoever measured, who knows the error of the measurement. */
  readonly change: 'grown' | 'shrunk' | 'unchanged';
}

export interface Prior {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** YYYYMMDD. */
  readonly studyDate: string;
  /** The report that told of it; null where the prior was measured anew. */
  readonly report: {
    readonly sopClassUid: string;
    readonly sopInstanceUid: string;
    readonly seriesInstanceUid: string;
  } | null;
}

/** How the series stands to an earlier one of the same patient. */
export type Comparison =
  | {
      readonly state: 'compared';
      readonly prior: Prior;
      /** A difference in diameter below this is within the error of the measurement, mm. */
      readonly leastChangeMm: number;
      readonly registration: RegistrationFigures;
      /** Where the earlier images lie in these: x -> rotation x + translation, LPS mm. */
      readonly toCurrent: {
        readonly rotation: readonly [PointLpsMm, PointLpsMm, PointLpsMm];
        readonly translationMm: PointLpsMm;
      };
      /** Aneurysms of the earlier study that have no counterpart now. */
      readonly vanished: readonly VanishedAneurysm[];
    }
  | {
      readonly state: 'not-compared';
      /** Null where no earlier study was at hand yet. */
      readonly prior: Prior | null;
      readonly reason: Reason;
    };

/** How well the arteries of both studies agree, 0..1 each (src/volume/registration/quality.ts). */
export interface RegistrationFigures {
  readonly agreement: number;
  readonly overlap: number;
  readonly correlation: number;
}

export interface VanishedAneurysm {
  readonly why: 'not-marked-now' | 'outside-current';
  /** Where it lay, carried over into the present images. */
  readonly centreLpsMm: PointLpsMm;
  readonly maxDiameterMm: number;
  readonly volumeMm3: number;
  readonly site: Site;
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

/** What one of several pipelines says of an aneurysm. */
export interface Opinion {
  readonly pipeline: string;
  readonly bundle: BundleIdentity;
  /** Null where it analysed the series and did not mark this place. */
  readonly probability: number | null;
}

/** A pipeline that read the same series beside the leading one. */
export interface OtherPipeline {
  readonly pipeline: string;
  readonly bundle: BundleIdentity;
  readonly state: 'findings' | 'no-findings' | 'not-analysed';
  /** Why it did not analyse the series; null where it did. */
  readonly reason: Reason | null;
  readonly findingThreshold?: number;
}

/** A place above the threshold that a rule took back: it lies in bone, fills as veins do, or lies too far from the brain. */
export interface DemotedCandidate {
  readonly why: 'bone' | 'vein' | 'outside-head';
  readonly probability: number;
  readonly centreLpsMm: PointLpsMm;
}

/** What told which places lie outside the head: a model that knows how far the brain is; or none, and why. */
export type HeadMaskNote =
  | {
      readonly by: 'signed-distance';
      readonly model: BundleIdentity;
      /** Places farther than this from the brain's surface lie outside, mm. */
      readonly keepMm: number;
    }
  | { readonly by: 'threshold'; readonly reason: Reason };

/** How a scan's map of patch probabilities is summed up inside the head, 0..1: the scan scores that the paper of system 001 compares. */
export interface ScanScores {
  readonly max: number;
  readonly mean: number;
  readonly p95: number;
}

interface Common {
  readonly seriesInstanceUid: string;
  readonly pipeline: string;
  readonly bundle: BundleIdentity;
  readonly timingsMs: Timings;
  /** The operating point: the scan probability from which the pipeline calls a finding; each of several has its own. */
  readonly findingThreshold?: number;
  /** Where not all slices were read, since the series goes on below the head: how many, from the uppermost down. */
  readonly slicesRead?: { readonly read: number; readonly of: number };
  /** Further pipelines whose findings are in here; left out where one read the series. */
  readonly others?: readonly OtherPipeline[];
  /** Left out where no earlier study was looked for or found. */
  readonly comparison?: Comparison;
  /** Left out by pipelines that have no such rules. */
  readonly demoted?: readonly DemotedCandidate[];
  /** Left out by pipelines whose bundle does not ask how far places lie from the brain. */
  readonly headMask?: HeadMaskNote;
  /** Told by `tof-patch` for comparison with its paper; the node decides by its calibrated candidates. */
  readonly scanScores?: ScanScores;
  /** What ran the networks, e.g. "cpu", and why a provider that was asked for first did not; left out where none ran. */
  readonly provider?: string;
  /** The model that named the arteries; left out where none was asked: each site is then a cerebral artery and its side. */
  readonly sitesBy?: BundleIdentity;
  /** Left out by pipelines that do not triage; "urgent" asks to read the study before others. */
  readonly triage?: 'urgent' | 'routine';
}

/**
 * What a pipeline says of one series (docs: "Findings contract"); the same object feeds results, web and evaluation.
 * `probability` is that of the scan: of any aneurysm, or of any haemorrhage.
 */
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
