import type { Attributes } from '../dicom/index.ts';
import type { SeriesFindings } from '../findings/index.ts';
import type { BundleManifest } from '../inference/index.ts';
import type { PipelineOutput } from '../pipelines/index.ts';
import type { FrameGeometry, Volume } from '../volume/index.ts';
import type { Language } from './language/index.ts';

/** Every kind of result a destination may ask for. */
export type ResultKind =
  'summary' | 'heatmap' | PictureKind | ReportKind | 'seg' | 'parametric-map' | 'kos' | 'presentation-state';

/** The same report, for a PACS that takes Comprehensive 3D SR, for one that takes Comprehensive SR, and for the rest. */
export type ReportKind = 'sr' | 'sr-comprehensive' | 'sr-basic-text';

/** A report as the one that replaces it must name it. */
export interface ReportReference {
  readonly kind: ReportKind;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
}

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
    /** Of all bundles that read the series; what versions are counted by. */
    readonly bundleSha256: string;
    readonly version: number;
    /** The result of the same series that this one replaces, by its reports; there may be none among its kinds. */
    readonly supersedes: { readonly reports: readonly ReportReference[] } | null;
    readonly completeness: string;
  };
  readonly createdAt: Date;
  readonly softwareVersions: string;
  /** Of pictures and documents; English where it is not given. */
  readonly language?: Language | undefined;
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
