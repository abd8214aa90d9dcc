import { decimal, encodeDataset, type Attributes, type Dataset } from '../dicom/index.ts';
import type { Finding } from '../findings/index.ts';
import type { FrameGeometry, Volume } from '../volume/index.ts';
import { dicomDate, dicomTime, explicitVrLittleEndian, patientStudyEquipment, resultUid } from './common.ts';
import { pixelOf } from './frame-place.ts';
import { windowOf } from './pictures/grey.ts';
import { keyFrameOf, referencedSop, tracking } from './references.ts';
import type { ResultInput, ResultInstance } from './types.ts';

const presentationStateSopClass = '1.2.840.10008.5.1.4.1.1.11.1';
const layer = 'FINDINGS';

/** A circle and a line of text on the key image of each finding (Grayscale Softcopy Presentation State, PS3.3 A.33.1). */
export function buildPresentationState(input: ResultInput): ResultInstance {
  const marks = input.findings.findings.map((finding, index) => markOf(input, finding, index));
  const dataset = encodeDataset({
    ...patientStudyEquipment(input),
    SOPClassUID: presentationStateSopClass,
    SOPInstanceUID: resultUid(input, 'presentation-state', 'instance 1'),
    SeriesInstanceUID: resultUid(input, 'presentation-state', 'series'),
    Modality: 'PR',
    SeriesNumber: 9909,
    SeriesDescription: 'Willis marks',
    SeriesDate: dicomDate(input.createdAt),
    SeriesTime: dicomTime(input.createdAt),
    InstanceNumber: 1,
    ContentLabel: 'WILLIS',
    ContentDescription: `Findings of ${input.card.id}`.slice(0, 64),
    ContentCreatorName: 'Willis',
    PresentationCreationDate: dicomDate(input.createdAt),
    PresentationCreationTime: dicomTime(input.createdAt),
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: input.findings.seriesInstanceUid,
        ReferencedImageSequence: markedImages(marks),
      },
    ],
    DisplayedAreaSelectionSequence: [displayedArea(marks)],
    GraphicAnnotationSequence: marks.map(annotation),
    GraphicLayerSequence: [{ GraphicLayer: layer, GraphicLayerOrder: 1 }],
    ...greyScale(input),
    PresentationLUTShape: 'IDENTITY',
  });
  return {
    kind: 'presentation-state',
    sopClassUid: presentationStateSopClass,
    sopInstanceUid: resultUid(input, 'presentation-state', 'instance 1'),
    seriesInstanceUid: resultUid(input, 'presentation-state', 'series'),
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}

interface Mark {
  readonly frame: FrameGeometry;
  readonly image: Dataset;
  readonly words: string;
  /** Centre and radius in pixels; null for a finding that has slices but no place in them. */
  readonly circle: { readonly centre: readonly [number, number]; readonly radius: number } | null;
}

function markOf(input: ResultInput, finding: Finding, index: number): Mark {
  const { frame, image } = keyFrameOf(input, finding);
  const words = `${tracking(input, finding, index).identifier}: ${finding.probability.toFixed(2)}`;
  const reference = referencedSop(image);
  if (finding.centreLpsMm === null) return { frame, image: reference, words, circle: null };
  const spacing = Math.min(...frame.pixelSpacing);
  const circle = { centre: pixelOf(frame, finding.centreLpsMm), radius: radiusMm(finding) / spacing };
  return { frame, image: reference, words, circle };
}

/** Around the finding with 3 mm to spare, so that the circle hides nothing of it. */
function radiusMm(finding: Finding): number {
  const diameter =
    finding.kind === 'aneurysm'
      ? finding.maxDiameterMm
      : 2 * Math.cbrt((3 * (finding.volumeMm3 ?? 0)) / (4 * Math.PI));
  return diameter / 2 + 3;
}

/** Graphic Annotation (PS3.3 C.10.5): text right of the circle, or in the upper left corner. */
function annotation({ image, words, circle }: Mark): Dataset {
  const anchor = circle === null ? [5, 15] : [circle.centre[0] + circle.radius + 2, circle.centre[1]];
  return {
    GraphicLayer: layer,
    ReferencedImageSequence: [image],
    TextObjectSequence: [
      {
        AnchorPointAnnotationUnits: 'PIXEL',
        UnformattedTextValue: words,
        AnchorPoint: anchor,
        AnchorPointVisibility: 'N',
      },
    ],
    GraphicObjectSequence: circle === null ? undefined : [circleObject(circle)],
  };
}

/** CIRCLE: the centre and a point on the circle (PS3.3 C.10.5.1.2). */
function circleObject({ centre, radius }: NonNullable<Mark['circle']>): Dataset {
  return {
    GraphicAnnotationUnits: 'PIXEL',
    GraphicDimensions: 2,
    NumberOfGraphicPoints: 2,
    GraphicData: [...centre, centre[0] + radius, centre[1]],
    GraphicType: 'CIRCLE',
    GraphicFilled: 'N',
  };
}

/**
 * What a presentation state leaves out is not applied (PS3.4 N.2.1): it repeats the source's rescaling, and its window or, where
 * it has none, one over the grey values of the head.
 */
function greyScale({ source, volume }: ResultInput): Dataset {
  const { attributes } = source;
  const rescaling =
    attributes.items('SharedFunctionalGroupsSequence')[0]?.items('PixelValueTransformationSequence')[0] ??
    attributes;
  const slope = rescaling.number('RescaleSlope');
  const window = windowOfSource(attributes) ?? windowOfVoxels(volume);
  return {
    RescaleSlope: slope === undefined ? undefined : decimal(slope),
    RescaleIntercept: slope === undefined ? undefined : decimal(rescaling.number('RescaleIntercept') ?? 0),
    RescaleType: slope === undefined ? undefined : attributes.text('Modality') === 'CT' ? 'HU' : 'US',
    SoftcopyVOILUTSequence: window === undefined ? undefined : [window],
  };
}

function windowOfSource(attributes: Attributes): Dataset | undefined {
  const centre = attributes.number('WindowCenter');
  const width = attributes.number('WindowWidth');
  if (centre === undefined || width === undefined || width < 1) return undefined;
  return { WindowCenter: decimal(centre), WindowWidth: decimal(width) };
}

function windowOfVoxels(volume: Volume | null): Dataset | undefined {
  if (volume === null) return undefined;
  const { low, high } = windowOf(volume.data);
  return { WindowCenter: decimal((low + high) / 2), WindowWidth: decimal(Math.max(1, high - low)) };
}

/** The whole of each image, scaled to fit (PS3.3 C.10.4). */
function displayedArea(marks: readonly Mark[]): Dataset {
  const { rows, columns, pixelSpacing } = marks[0]!.frame;
  return {
    ReferencedImageSequence: markedImages(marks),
    DisplayedAreaTopLeftHandCorner: [1, 1],
    DisplayedAreaBottomRightHandCorner: [columns, rows],
    PresentationSizeMode: 'SCALE TO FIT',
    PresentationPixelSpacing: pixelSpacing.map(decimal),
  };
}

/** An image with several frames marked is named once, with all of them (PS3.3 C.11.11.1). */
function markedImages(marks: readonly Mark[]): readonly Dataset[] {
  return [...Map.groupBy(marks, ({ frame }) => frame.sopInstanceUid).values()].map((ofImage) => {
    const numbers = [...new Set(ofImage.flatMap(({ frame }) => frame.frameNumber ?? []))];
    return { ...ofImage[0]!.image, ReferencedFrameNumber: numbers.length === 0 ? undefined : numbers };
  });
}
