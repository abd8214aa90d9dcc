import type { Attributes } from '../dicom/index.ts';
import type { SeriesFindings } from '../findings/index.ts';
import type { BundleManifest } from '../inference/index.ts';
import type { PipelineOutput } from '../pipelines/index.ts';
import type { FrameGeometry, Volume } from '../volume/index.ts';
import type { Language } from './language/index.ts';

export type ResultKind = 'summary' | 'heatmap' | 'sr' | PictureKind;

/** Pictures beside summary and heatmap; what each is for: docs/radiologist.md. */
export type PictureKind =
  'summary-grey' | 'heatmap-multiframe' | 'heatmap-grey' | 'cine' | 'key-views' | 'curve' | 'pdf';

export interface SourceSeries {
  /** Patient, study and series attributes: those of the first source instance. */
  readonly attributes: Attributes;
  /** In stack order where the series stacks. */
  readonly frames: readonly FrameGeometry[];
  readonly sourceInstances: readonly { readonly sopClassUid: string; readonly sopInstanceUid: string }[];
}

export interface ResultInput {
  /** Null where no pipeline ran. */
  readonly output: PipelineOutput | null;
  readonly findings: SeriesFindings;
  readonly source: SourceSeries;
  /** The source grid, z along `source.frames`; null where the series was not loaded. */
  readonly volume: Volume | null;
  readonly card: BundleManifest;
  readonly identity: {
    readonly inputSha256: string;
    readonly version: number;
    /** The report of the same series that this one replaces. */
    readonly supersedes: { readonly srSopInstanceUid: string; readonly srSeriesInstanceUid: string } | null;
    readonly completeness: string;
  };
  readonly createdAt: Date;
  readonly softwareVersions: string;
  /** Of pictures and documents; English where it is not given. */
  readonly language?: Language;
}

/** One finished DICOM object: the data set in Explicit VR Little Endian, without Part 10 header. */
export interface ResultInstance {
  readonly kind: ResultKind;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataset: Buffer;
}
