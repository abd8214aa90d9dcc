import { encodeDataset, type Dataset } from '../dicom/index.ts';
import { dicomDate, dicomTime, explicitVrLittleEndian, patientStudyEquipment, resultUid } from './common.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

const secondaryCaptureSopClass = '1.2.840.10008.5.1.4.1.1.7';

/** A picture, RGB, 8 bits, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** A Secondary Capture Image (PS3.3 A.8.1) of a picture; `more` adds modules such as Image Plane. */
export function secondaryCapture(
  input: ResultInput,
  place: {
    readonly kind: ResultKind;
    readonly instanceNumber: number;
    readonly seriesNumber: number;
    readonly description: string;
    readonly modality: string;
  },
  picture: Picture,
  more: Dataset,
): ResultInstance {
  const sopInstanceUid = resultUid(input, place.kind, `instance ${place.instanceNumber}`);
  const seriesInstanceUid = resultUid(input, place.kind, 'series');
  const dataset = encodeDataset({
    ...patientStudyEquipment(input),
    SOPClassUID: secondaryCaptureSopClass,
    SOPInstanceUID: sopInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
    Modality: place.modality,
    SeriesNumber: place.seriesNumber,
    SeriesDescription: place.description,
    SeriesDate: dicomDate(input.createdAt),
    SeriesTime: dicomTime(input.createdAt),
    ContentDate: dicomDate(input.createdAt),
    ContentTime: dicomTime(input.createdAt),
    InstanceNumber: place.instanceNumber,
    ImageType: ['DERIVED', 'SECONDARY'],
    ConversionType: 'WSD',
    BurnedInAnnotation: 'NO',
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: picture.height,
    Columns: picture.width,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PatientOrientation: '',
    LossyImageCompression: '00',
    PixelData: picture.rgb,
    ...more,
  });
  return {
    kind: place.kind,
    sopClassUid: secondaryCaptureSopClass,
    sopInstanceUid,
    seriesInstanceUid,
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}
