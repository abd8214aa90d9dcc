import { encodeDataset, type Dataset } from '../../dicom/index.ts';
import { dicomDate, dicomTime, explicitVrLittleEndian, patientStudyEquipment, resultUid } from '../common.ts';
import type { ResultInput, ResultInstance, ResultKind } from '../types.ts';

export interface DocumentPlace {
  readonly kind: ResultKind;
  readonly sopClassUid: string;
  readonly modality: 'SR' | 'KO';
  readonly seriesNumber: number;
  readonly description: string;
  /** What the instance's UID derives from, beside input, bundle and kind. */
  readonly part: string;
}

/** A structured document around its content tree (PS3.3 C.17.1, C.17.2, C.17.6); `modules` adds what its kind alone has. */
export function structuredDocument(
  input: ResultInput,
  place: DocumentPlace,
  content: Dataset,
  modules: Dataset,
): ResultInstance {
  const sopInstanceUid = resultUid(input, place.kind, place.part);
  const seriesInstanceUid = resultUid(input, place.kind, 'series');
  const dataset = encodeDataset({
    ...patientStudyEquipment(input),
    SOPClassUID: place.sopClassUid,
    SOPInstanceUID: sopInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
    Modality: place.modality,
    SeriesNumber: place.seriesNumber,
    SeriesDescription: place.description,
    SeriesDate: dicomDate(input.createdAt),
    SeriesTime: dicomTime(input.createdAt),
    ReferencedPerformedProcedureStepSequence: [],
    InstanceNumber: 1,
    ContentDate: dicomDate(input.createdAt),
    ContentTime: dicomTime(input.createdAt),
    // a document is no examination of a body part
    BodyPartExamined: undefined,
    ...modules,
    ...content,
  });
  return {
    kind: place.kind,
    sopClassUid: place.sopClassUid,
    sopInstanceUid,
    seriesInstanceUid,
    transferSyntaxUid: explicitVrLittleEndian,
    dataset,
  };
}
