import { codes, decimal, type CodedConcept, type Dataset } from '../dicom/index.ts';
import { planeDistanceMm, type FrameGeometry, type Volume } from '../volume/index.ts';
import { codeItem, dicomDate, dicomTime, patientStudyEquipment, resultUid } from './common.ts';
import { referencedSop, sourceImage } from './references.ts';
import type { ResultInput, ResultKind } from './types.ts';

export interface MultiFramePlace {
  readonly kind: ResultKind;
  readonly sopClassUid: string;
  readonly modality: string;
  readonly seriesNumber: number;
  readonly description: string;
}

/** What a Segmentation and a Parametric Map share: who and when, the grid of the source, the source they were made from. */
export function derivedMultiFrame(input: ResultInput, volume: Volume, place: MultiFramePlace): Dataset {
  const first = input.source.frames[0]!;
  return {
    ...patientStudyEquipment(input),
    SOPClassUID: place.sopClassUid,
    SOPInstanceUID: resultUid(input, place.kind, 'instance 1'),
    SeriesInstanceUID: resultUid(input, place.kind, 'series'),
    Modality: place.modality,
    SeriesNumber: place.seriesNumber,
    SeriesDescription: place.description,
    SeriesDate: dicomDate(input.createdAt),
    SeriesTime: dicomTime(input.createdAt),
    ContentDate: dicomDate(input.createdAt),
    ContentTime: dicomTime(input.createdAt),
    InstanceNumber: 1,
    ContentCreatorName: 'Willis',
    FrameOfReferenceUID: first.frameOfReferenceUid,
    PositionReferenceIndicator: '',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: first.rows,
    Columns: first.columns,
    LossyImageCompression: '00',
    SharedFunctionalGroupsSequence: [sharedGroups(first, volume)],
    ReferencedSeriesSequence: [referencedSeries(input)],
  };
}

/** Plane Position and Derivation Image of a frame that lies on a source frame (PS3.3 C.7.6.16.2.3, C.7.6.16.2.6). */
export function frameGroups(
  input: ResultInput,
  slice: number,
  derivation: { readonly code: CodedConcept; readonly dimensionIndex: readonly number[] },
): Dataset {
  const frame = input.source.frames[slice]!;
  return {
    FrameContentSequence: [{ DimensionIndexValues: derivation.dimensionIndex }],
    PlanePositionSequence: [{ ImagePositionPatient: frame.imagePositionPatient.map(decimal) }],
    DerivationImageSequence: [
      {
        DerivationCodeSequence: [codeItem(derivation.code)],
        SourceImageSequence: [
          {
            ...referencedSop(sourceImage(input, frame)),
            SpatialLocationsPreserved: 'YES',
            PurposeOfReferenceCodeSequence: [codeItem(codes.sourceImageForProcessing)],
          },
        ],
      },
    ],
  };
}

/** A dimension: the attribute that frames are ordered by, and the functional group it lies in (PS3.3 C.7.6.17). */
export interface Dimension {
  readonly pointer: number;
  readonly group: number;
  readonly label: string;
}

export const positionDimension: Dimension = {
  pointer: 0x00200032,
  group: 0x00209113,
  label: 'Image Position (Patient)',
};

export function dimensions(input: ResultInput, kind: ResultKind, ordered: readonly Dimension[]): Dataset {
  const uid = resultUid(input, kind, 'dimensions');
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: uid }],
    DimensionIndexSequence: ordered.map(({ pointer, group, label }) => ({
      DimensionOrganizationUID: uid,
      DimensionIndexPointer: pointer,
      FunctionalGroupPointer: group,
      DimensionDescriptionLabel: label,
    })),
  };
}

function sharedGroups(first: FrameGeometry, volume: Volume): Dataset {
  const spacing = decimal(planeDistanceMm(volume));
  return {
    PixelMeasuresSequence: [
      {
        PixelSpacing: first.pixelSpacing.map(decimal),
        SliceThickness: spacing,
        SpacingBetweenSlices: spacing,
      },
    ],
    PlaneOrientationSequence: [{ ImageOrientationPatient: first.imageOrientationPatient.map(decimal) }],
  };
}

/** Common Instance Reference (PS3.3 C.12.2). */
function referencedSeries(input: ResultInput): Dataset {
  return {
    SeriesInstanceUID: input.findings.seriesInstanceUid,
    ReferencedInstanceSequence: input.source.sourceInstances.map((instance) =>
      referencedSop(sourceImage(input, { ...instance, frameNumber: null })),
    ),
  };
}
