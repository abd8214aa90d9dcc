import { encodeDataset, type Dataset } from '../dicom/index.ts';
import { dicomDate, dicomTime, explicitVrLittleEndian, patientStudyEquipment, resultUid } from './common.ts';
import type { Picture } from './pictures/picture.ts';
import type { ResultInput, ResultInstance, ResultKind } from './types.ts';

const secondaryCaptureSopClass = '1.2.840.10008.5.1.4.1.1.7';

/** Where a result stands: its kind, its series and its number in that. */
export interface Placing {
  readonly kind: ResultKind;
  readonly instanceNumber: number;
  readonly seriesNumber: number;
  readonly description: string;
  readonly modality: string;
}

/** A Secondary Capture Image (PS3.3 A.8.1) of a picture; `more` adds modules such as Image Plane. */
export function secondaryCapture(
  input: ResultInput,
  place: Placing,
  picture: Picture,
  more: Dataset,
): ResultInstance {
  return instanceOf(input, place, secondaryCaptureSopClass, {
    ConversionType: 'WSD',
    ImageType: ['DERIVED', 'SECONDARY'],
    BurnedInAnnotation: 'NO',
    PatientOrientation: '',
    LossyImageCompression: '00',
    ...pixelModule(picture),
    ...more,
  });
}

/** Image Pixel module of one or more pictures of one size, frame after frame (PS3.3 C.7.6.3). */
export function pixelModule(...pictures: readonly [Picture, ...Picture[]]): Dataset {
  const [first] = pictures;
  const inColour = 'rgb' in first;
  const frames = pictures.map((picture) => ('rgb' in picture ? picture.rgb : picture.grey));
  return {
    SamplesPerPixel: inColour ? 3 : 1,
    PhotometricInterpretation: inColour ? 'RGB' : 'MONOCHROME2',
    PlanarConfiguration: inColour ? 0 : undefined,
    Rows: first.height,
    Columns: first.width,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: frames.length === 1 ? frames[0] : Buffer.concat(frames),
  };
}

/** A result with patient, study, equipment and series around its own modules. */
export function instanceOf(
  input: ResultInput,
  place: Placing,
  sopClassUid: string,
  modules: Dataset,
): ResultInstance {
  const sopInstanceUid = resultUid(input, place.kind, `instance ${place.instanceNumber}`);
  const seriesInstanceUid = resultUid(input, place.kind, 'series');
  const dataset = encodeDataset({
    ...patientStudyEquipment(input),
    SOPClassUID: sopClassUid,
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
    ...modules,
  });
  return {
    kind: place.kind,
    sopClassUid,
    sopInstanceUid,
    seriesInstanceUid,
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}
