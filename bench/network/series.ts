import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeDataset, part10Header } from '../../src/dicom/index.ts';
import type { OutgoingInstance } from '../../src/network/index.ts';

const sopClassUid = '1.2.840.10008.5.1.4.1.1.2';
const transferSyntaxUid = '1.2.840.10008.1.2.1';

/** Writes CT-like slices, 512 x 512 x 16 bits of noise, under fresh UIDs; `run` tells one pass from another, `frames` makes each a multi-frame object. */
export function writeSeries(
  folder: string,
  slices: number,
  run: string,
  frames = 1,
): readonly OutgoingInstance[] {
  mkdirSync(folder, { recursive: true });
  const pixels = Buffer.alloc(512 * 512 * 2 * frames);
  for (let index = 0; index < pixels.length; index += 1) pixels[index] = (index * 2_654_435_761) >>> 24;
  return Array.from({ length: slices }, (_, index) => {
    const sopInstanceUid = `2.25.${run}${String(index).padStart(6, '0')}`;
    const dataset = encodeDataset({
      SOPClassUID: sopClassUid,
      SOPInstanceUID: sopInstanceUid,
      StudyInstanceUID: `2.25.${run}1`,
      SeriesInstanceUID: `2.25.${run}2`,
      Modality: 'CT',
      PatientName: 'Bench^Mark',
      PatientID: 'BENCH',
      InstanceNumber: index + 1,
      NumberOfFrames: frames === 1 ? undefined : frames,
      ImagePositionPatient: ['0', '0', String(index)],
      ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
      PixelSpacing: ['0.5', '0.5'],
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      Rows: 512,
      Columns: 512,
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      PixelRepresentation: 0,
      PixelData: pixels,
    });
    const file = path.join(folder, `${String(index).padStart(4, '0')}.dcm`);
    writeFileSync(
      file,
      Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }), dataset]),
    );
    return { path: file, sopClassUid, sopInstanceUid, transferSyntaxUid };
  });
}
