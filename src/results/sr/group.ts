import { codes, type CodedConcept, type Dataset } from '../../dicom/index.ts';
import type { Finding, PointLpsMm } from '../../findings/index.ts';
import type { FrameGeometry } from '../../volume/index.ts';
import type { Companions } from '../companions.ts';
import { pixelOf } from '../frame-place.ts';
import { keyFrameOf, tracking, type ImageReference } from '../references.ts';
import type { ResultInput } from '../types.ts';
import { aneurysmItems } from './aneurysm.ts';
import { haemorrhageItems } from './haemorrhage.ts';
import { code, container, image, pointInPatient, pointOnImage, text, uidReference } from './items.ts';

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

/** One finding as a Measurement Group (TID 1410, 1411 or 1501): its identity first (TID 4108), then what it is and measures. */
export function measurementGroup(report: ReportContext, finding: Finding, index: number): Dataset {
  const at: FindingPlace = { index, ...keyFrameOf(report.input, finding) };
  const { identifier, uid } = tracking(report.input, finding, index);
  const { template, items } =
    finding.kind === 'aneurysm' ? aneurysmItems(report, finding, at) : haemorrhageItems(report, finding, at);
  return container(
    'CONTAINS',
    codes.measurementGroup,
    [
      text('HAS OBS CONTEXT', codes.trackingIdentifier, identifier),
      uidReference('HAS OBS CONTEXT', codes.trackingUniqueIdentifier, uid),
      ...items,
      ...explanation(report, at),
    ],
    template,
  );
}

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

const methods = {
  'class-activation': codes.classActivation,
  'gradient-weighted-class-activation': codes.gradientWeightedClassActivation,
  saliency: codes.saliency,
} as const;

/** The picture that shows why (CID 217 tells how it was made, where it is one of those). */
function explanation({ input, companions }: ReportContext, at: FindingPlace): readonly Dataset[] {
  const picture = companions.explanation(at.slice);
  if (picture === null) return [];
  const explains = input.output?.maps?.explains;
  const method =
    explains === undefined ? [] : [code('HAS CONCEPT MOD', codes.measurementMethod, methods[explains])];
  return [image('CONTAINS', codes.visualExplanation, picture, method)];
}
