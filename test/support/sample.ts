import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  decodeFrame,
  encodeDataset,
  part10Header,
  readInstance,
  type Dataset,
  type Instance,
} from '../../src/dicom/index.ts';
import { greyPixels } from './grey-pixels.ts';

/** The shipped synthetic TOF series: 90 slices, JPEG-LS, two aneurysms (truth.json beside it). */
export const sampleFolder = path.join(import.meta.dirname, '..', 'samples', 'tof-phantom');

export interface Truth {
  readonly aneurysms: readonly {
    readonly centreLpsMm: readonly [number, number, number];
    readonly diameterMm: number;
    readonly site: string;
    readonly side: 'left' | 'right' | null;
  }[];
}

export function sampleTruth(): Truth {
  return JSON.parse(readFileSync(path.join(sampleFolder, 'truth.json'), 'utf8')) as Truth;
}

export function sampleFiles(): readonly string[] {
  return readdirSync(sampleFolder)
    .filter((name) => name.endsWith('.dcm'))
    .sort()
    .map((name) => path.join(sampleFolder, name));
}

export function sampleInstances(): readonly Instance[] {
  return sampleFiles().map((file) => readInstance(readFileSync(file)));
}

const copied = [
  'SpecificCharacterSet',
  'ImageType',
  'SOPClassUID',
  'SOPInstanceUID',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'Modality',
  'Manufacturer',
  'ReferringPhysicianName',
  'StudyDescription',
  'SeriesDescription',
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'BodyPartExamined',
  'ScanningSequence',
  'MRAcquisitionType',
  'SequenceName',
  'ProtocolName',
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'StudyID',
  'SeriesNumber',
  'InstanceNumber',
  'ImagePositionPatient',
  'ImageOrientationPatient',
  'FrameOfReferenceUID',
  'SliceThickness',
  'PixelSpacing',
  'RescaleIntercept',
  'RescaleSlope',
  'RescaleType',
  'KVP',
] as const;

/** A slice of the sample as a data set that can be changed and written again, uncompressed. */
async function editable(instance: Instance): Promise<Record<string, Dataset[string]>> {
  const { attributes } = instance;
  const pixels = await decodeFrame(instance, 0);
  const dataset: Record<string, Dataset[string]> = {};
  for (const keyword of copied) dataset[keyword] = attributes.raw(keyword);
  return {
    ...dataset,
    ...greyPixels(pixels.rows, pixels.columns),
    PixelData: new Uint8Array(
      pixels.data.buffer.slice(pixels.data.byteOffset, pixels.data.byteOffset + pixels.data.byteLength),
    ),
  };
}

export async function sampleDatasets(): Promise<readonly Record<string, Dataset[string]>[]> {
  return await Promise.all(sampleInstances().map(editable));
}

const texts = {
  ct: '1.2.840.10008.5.1.4.1.1.2',
  legacyEnhancedCt: '1.2.840.10008.5.1.4.1.1.2.2',
  legacyEnhancedMr: '1.2.840.10008.5.1.4.1.1.4.4',
} as const;

/** The shipped synthetic head CT: 30 slices of 5 mm, JPEG-LS, blood in the basal ganglia (truth.json beside it). */
export const headCtFolder = path.join(import.meta.dirname, '..', 'samples', 'ncct-phantom');

export function headCtFiles(): readonly string[] {
  return readdirSync(headCtFolder)
    .filter((name) => name.endsWith('.dcm'))
    .sort()
    .map((name) => path.join(headCtFolder, name));
}

export async function headCtDatasets(): Promise<readonly Record<string, Dataset[string]>[]> {
  return await Promise.all(
    headCtFiles().map(async (file) => await editable(readInstance(readFileSync(file)))),
  );
}

/** A data set as it is read back from its file. */
export function instanceOf(dataset: Dataset): Instance {
  const sopInstanceUid = textOf(dataset['SOPInstanceUID']);
  const sopClassUid = textOf(dataset['SOPClassUID']);
  const meta = part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid: '1.2.840.10008.1.2.1' });
  return readInstance(Buffer.concat([meta, encodeDataset(dataset)]));
}

/** Writes data sets as Part 10 files, Explicit VR Little Endian; returns the paths. */
export async function writeDatasets(
  datasets: readonly Dataset[],
  folder: string,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files = datasets.map((_, index) => path.join(folder, `${String(index).padStart(4, '0')}.dcm`));
  for (const [index, dataset] of datasets.entries()) {
    const bytes = encodeDataset(dataset);
    const uid = textOf(dataset['SOPInstanceUID']);
    const sopClassUid = textOf(dataset['SOPClassUID']);
    const meta = part10Header({ sopClassUid, sopInstanceUid: uid, transferSyntaxUid: '1.2.840.10008.1.2.1' });
    await writeFile(files[index]!, Buffer.concat([meta, bytes]));
  }
  return files;
}

/** The sample as one Legacy Converted Enhanced MR instance, each frame naming the instance it was (0020,9172). */
export async function enhancedSample(): Promise<Dataset> {
  return enhanced(await sampleDatasets());
}

/** Single-frame slices as one Legacy Converted Enhanced instance of their modality. */
export function enhanced(slices: readonly Record<string, Dataset[string]>[]): Dataset {
  const {
    ImagePositionPatient: _position,
    ImageOrientationPatient,
    PixelSpacing,
    SliceThickness,
    ...common
  } = slices[0]!;
  const single = textOf(slices[0]!['SOPClassUID']);
  return {
    ...common,
    SOPClassUID: single === texts.ct ? texts.legacyEnhancedCt : texts.legacyEnhancedMr,
    SOPInstanceUID: '2.25.4711',
    SeriesInstanceUID: '2.25.4712',
    NumberOfFrames: slices.length,
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient }],
        PixelMeasuresSequence: [{ PixelSpacing, SliceThickness }],
      },
    ],
    PerFrameFunctionalGroupsSequence: slices.map(({ ImagePositionPatient, SOPInstanceUID }) => ({
      PlanePositionSequence: [{ ImagePositionPatient }],
      ConversionSourceAttributesSequence: [
        { ReferencedSOPClassUID: single, ReferencedSOPInstanceUID: textOf(SOPInstanceUID) },
      ],
    })),
    PixelData: Buffer.concat(slices.map(({ PixelData }) => PixelData as Uint8Array)),
  };
}

function textOf(value: Dataset[string]): string {
  if (typeof value === 'string') return value;
  return Buffer.from((value as { bytes: Uint8Array }).bytes)
    .toString('latin1')
    .replace(/\0$/, '');
}
