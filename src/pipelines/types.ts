import type {
  DemotedCandidate,
  HaemorrhageSubtype,
  Midsagittal,
  PointLpsMm,
  SeriesFindings,
} from '../findings/index.ts';
import type { HelperModels } from '../inference/index.ts';
import type { FrameGeometry, Volume } from '../volume/index.ts';

/** One series as a pipeline gets it. */
export interface PipelineInput {
  /** LPS orientation, source spacing. */
  readonly volume: Volume;
  /** The source frames, in any order. */
  readonly frames: readonly FrameGeometry[];
  readonly seriesInstanceUid: string;
  /** Contrast/Bolus Agent as the header names it; null where it tells of none. */
  readonly contrastAgent: string | null;
  /** Without a site model only the side of an aneurysm is told, without a head model nothing lies outside the head. */
  readonly helpers?: HelperModels;
}

/** A place the network marked, finding or not. */
export interface Candidate {
  readonly probability: number;
  readonly centreLpsMm: PointLpsMm;
  readonly maxDiameterMm: number;
  readonly volumeMm3: number;
  /** Set where a rule took it back: it is no finding whatever its probability, but it is listed. */
  readonly demoted?: DemotedCandidate['why'];
}

export interface PipelineOutput {
  readonly findings: SeriesFindings;
  /** By falling probability, those below the finding threshold included. */
  readonly candidates: readonly Candidate[];
  /** The series on the network's grid, 0..1 and 0 outside the head, for pictures; null where it was not prepared. */
  readonly image: Volume | null;
  /** Left out by pipelines whose findings have no side. */
  readonly midsagittal?: Midsagittal;
  /** Null where the network did not run. */
  readonly maps: PipelineMaps | null;
  /** Where a pipeline judges slice by slice: one list a class, a value 0..1 a source frame in stack order. */
  readonly sliceProbabilities?: readonly SliceProbabilities[];
  /** Segmented findings, where the pipeline segments; left out, the localisation map serves. */
  readonly masks?: readonly FindingMask[];
}

export interface SliceProbabilities {
  readonly class: 'any' | HaemorrhageSubtype;
  readonly values: readonly number[];
}

/** The voxels of one finding, on any grid of the patient. */
export interface FindingMask {
  /** Place of the finding in `findings.findings`, from 0. */
  readonly finding: number;
  readonly grid: Omit<Volume, 'data'>;
  /** 1 inside, 0 outside; as long as the grid has voxels. */
  readonly inside: Uint8Array;
}

/** On the network's grid. */
export interface PipelineMaps {
  /** Voxelwise probability of lying in an aneurysm, 0..1. */
  readonly probability: Volume;
  /** The published map: at each voxel the greatest probability of the patches that contain it. */
  readonly patchProbability: Volume;
  /** Signed evidence whose mean over a patch is the patch's logit. */
  readonly evidence: Volume;
  /** Of a pipeline that reads slices as a sequence: what the verdict on each marked slice rests on in that slice; scaled as `probability`. */
  readonly sequence?: Volume;
  /** How the map of probability explains the decision, where it is such a map (CID 217). */
  readonly explains?: 'class-activation' | 'gradient-weighted-class-activation' | 'saliency';
}
