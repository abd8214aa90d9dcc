import type { CodedConcept, Dataset } from '../../dicom/index.ts';
import type { PointLpsMm } from '../../findings/index.ts';
import type { FrameGeometry } from '../../volume/index.ts';
import type { Companions } from '../companions.ts';
import { pixelOf } from '../frame-place.ts';
import type { ImageReference } from '../references.ts';
import type { ResultInput } from '../types.ts';
import { pointInPatient, pointOnImage } from './items.ts';

/** A point of a finding: in the patient where the document and the source allow, else on the image that shows it best. */
export function pointItem(
  report: ReportContext,
  at: FindingPlace,
  item: {
    readonly relationship: 'CONTAINS' | 'INFERRED FROM';
    readonly name: CodedConcept;
    readonly point: PointLpsMm;
  },
): Dataset {
  const { relationship, name, point } = item;
  const { frameOfReferenceUid } = at.frame;
  return report.pointsInPatient && frameOfReferenceUid !== ''
    ? pointInPatient(relationship, name, point, frameOfReferenceUid)
    : pointOnImage(relationship, name, pixelOf(at.frame, point), at.image);
}

export interface ReportContext {
  readonly input: ResultInput;
  readonly companions: Companions;
  /** Whether the SOP class has points in the patient (SCOORD3D) beside points on images (SCOORD). */
  readonly pointsInPatient: boolean;
}

/** Which finding of the report it is, and the frame that shows it best. */
export interface FindingPlace {
  readonly index: number;
  readonly slice: number;
  readonly frame: FrameGeometry;
  readonly image: ImageReference;
}

export interface GroupContent {
  readonly template: '1410' | '1411' | '1501';
  readonly items: readonly Dataset[];
}
