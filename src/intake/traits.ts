import type { Attributes } from '../dicom/index.ts';

/** What rules look at: technical attributes of the first instance of a series, nothing that names the patient. */
export interface SeriesTraits {
  readonly modality: string;
  readonly sopClassUid: string;
  readonly seriesDescription: string;
  readonly protocolName: string;
  readonly sequenceName: string;
  /** Several where the scanner names the strength of an iterative reconstruction too; absent in what an earlier version wrote into the index. */
  readonly convolutionKernel?: readonly string[];
  readonly bodyPartExamined: string;
  readonly scanningSequence: readonly string[];
  readonly imageType: readonly string[];
  readonly mrAcquisitionType: string;
  readonly manufacturer: string;
  /** How many instances or frames the scanner announced: Number of Series Related Instances, else Images in Acquisition. */
  readonly expectedCount: number | null;
  /** True where Contributing Equipment says that software made the images from others (CID 7005, 109102 Processing Equipment). */
  readonly madeByProcessing: boolean;
}

/** Reads the traits from a header. Enhanced objects carry some of them in other attributes (PS3.3 C.8.13). */
export function readTraits(header: Attributes): SeriesTraits {
  const text = (keyword: string): string => header.text(keyword) ?? '';
  return {
    modality: text('Modality'),
    sopClassUid: text('SOPClassUID'),
    seriesDescription: text('SeriesDescription'),
    protocolName: text('ProtocolName'),
    sequenceName: text('SequenceName') || text('PulseSequenceName'),
    convolutionKernel: header.texts('ConvolutionKernel'),
    bodyPartExamined: text('BodyPartExamined').toUpperCase(),
    scanningSequence: header.texts('ScanningSequence'),
    imageType: header.texts('ImageType').map((value) => value.toUpperCase()),
    mrAcquisitionType: text('MRAcquisitionType') || text('VolumetricProperties'),
    manufacturer: text('Manufacturer'),
    expectedCount:
      header.number('NumberOfSeriesRelatedInstances') ?? header.number('ImagesInAcquisition') ?? null,
    madeByProcessing: header
      .items('ContributingEquipmentSequence')
      .some((item) =>
        item.items('PurposeOfReferenceCodeSequence').some((code) => code.text('CodeValue') === '109102'),
      ),
  };
}
