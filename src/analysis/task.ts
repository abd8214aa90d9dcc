import type { Prior, Reason, SeriesFindings } from '../findings/index.ts';
import type { Bundle } from '../inference/index.ts';
import type { PipelineOutput } from '../pipelines/index.ts';
import type { Language, ReportReference, ResultKind } from '../results/index.ts';
import type { FrameGeometry, Volume } from '../volume/index.ts';

/** A bundle as results tell of it. */
export type BundleCard = Pick<Bundle, 'manifest' | 'identity'>;

/** Everything one analysis needs, as plain data: it crosses from the node to its compute worker. */
export interface SeriesTask {
  /** Absolute paths of the input instances, in any order. */
  readonly paths: readonly string[];
  readonly pipeline: string;
  readonly bundleFolder: string;
  /** What the bundle was when it was sound: a failure can be reported without its files. Left out: it is loaded first of all. */
  readonly card?: BundleCard;
  /** The folder of bundles that holds the helper models; left out: the one that `bundleFolder` lies in. */
  readonly helpersFolder?: string;
  /** Further pipelines on the same series, each with its bundle; their findings join the one report. */
  readonly also?: readonly {
    readonly pipeline: string;
    readonly bundleFolder: string;
    readonly card?: BundleCard;
  }[];
  /** Set where intake found that the series must not be analysed: only the report of that is made. */
  readonly reason: Reason | null;
  /** Set where images may be missing: the reason of "not analysed" where there are no findings in those that came. */
  readonly doubt?: Reason;
  readonly inputSha256: string;
  /** Of all bundles together, by which versions are counted; left out: that of `bundleFolder`. */
  readonly bundleSha256?: string;
  readonly version: number;
  /** The result of the same series that this one replaces. */
  readonly supersedes: { readonly reports: readonly ReportReference[] } | null;
  readonly completeness: string;
  readonly kinds: readonly ResultKind[];
  /** Absolute folder that gets the results; it appears whole. */
  readonly folder: string;
  readonly createdAtMs: number;
  readonly softwareVersion: string;
  /** Numbers of the bundle that are changed for this run alone; never set for a series of the archive. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Of pictures and documents; English where it is not given. */
  readonly language?: Language;
  /** What the patient's earlier study is; left out where there is none, or nobody asked. */
  readonly earlier?: EarlierStudy;
  /** Asks for `SeriesOutcome.evidence`. */
  readonly keepEvidence?: boolean;
}

/** A series to compare with; or one may exist, but is still on its way. */
export type EarlierStudy = EarlierSeries | { readonly kind: 'awaited' };

export interface EarlierSeries {
  readonly kind: 'series';
  readonly prior: Prior;
  /** Absolute paths, in any order. */
  readonly paths: readonly string[];
  /** What the same bundles said of it; null where it must be read now. */
  readonly known: SeriesFindings | null;
  /** Reading it may take so long; null: as long as it takes. */
  readonly mostReadingMs: number | null;
}

/** What an evaluation needs beside the findings. */
export interface Evidence {
  readonly candidates: PipelineOutput['candidates'];
  /** One list a class, a value a slice in stack order; empty of a pipeline that judges no slices. */
  readonly sliceProbabilities: NonNullable<PipelineOutput['sliceProbabilities']>;
  /** The slices, in stack order. */
  readonly frames: readonly FrameGeometry[];
  /** The voxels of the findings on the grid of the series, as the Segmentation has them; null without any. */
  readonly segmented: { readonly grid: Omit<Volume, 'data'>; readonly inside: Uint8Array } | null;
  /** The map that explains the result; null where there is none. */
  readonly map: Volume | null;
}

export interface WrittenResult {
  readonly kind: string;
  readonly ordinal: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** File name inside the task's folder. */
  readonly file: string;
}

export interface SeriesOutcome {
  readonly findings: SeriesFindings;
  readonly results: readonly WrittenResult[];
  /** Execution provider that ran the network, and what was said about the others. */
  readonly provider: string;
  /** Left out unless the task asked for it; null where the pipeline did not run. */
  readonly evidence?: Evidence | null;
}
