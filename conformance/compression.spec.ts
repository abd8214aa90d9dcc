import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  encodeDataset,
  losslessSyntaxes,
  part10Header,
  readInstance,
  transcodeDataset,
  type Dataset,
} from '../src/dicom/index.ts';
import { needs, run, runPython } from './support/tools.ts';

const explicit = '1.2.840.10008.1.2.1';
const [rows, columns, frames] = [48, 64, 3];

/** A compressed picture that only its maker can read is no picture. */
describe('compressed results, decoded by others', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-compressed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(function () {
    needs(this, 'dcmdjpls', 'dcmdrle', 'python');
  });

  for (const samples of [1, 3] as const) {
    for (const [name, uid] of Object.entries(losslessSyntaxes)) {
      it(`${name}, ${samples === 3 ? 'colour' : 'grey'}: the same pixels in every frame`, async () => {
        const pixels = new Uint8Array(rows * columns * samples * frames).map(
          (_, index) => (index * 7 + (index >> 6) * 13) & 255,
        );
        const original = part10(picture(samples, pixels), explicit);
        const compressed = path.join(folder, `${name}-${samples}.dcm`);
        const dataset = await transcodeDataset(original, uid);
        writeFileSync(compressed, Buffer.concat([headerFor(samples, uid), dataset]));
        expect(Buffer.from(decoded(name, compressed))).to.deep.equal(Buffer.from(pixels));
      });
    }
  }

  /** DCMTK for RLE and JPEG-LS, OpenJPEG behind pydicom for JPEG 2000. */
  function decoded(name: string, file: string): Uint8Array {
    const out = `${file}.plain`;
    if (name === 'jpeg-2000') {
      runPython('decode.py', file, out);
      return readFileSync(out);
    }
    const tool = name === 'rle' ? 'dcmdrle' : 'dcmdjpls';
    const { status, output } = run(tool, [...(name === 'rle' ? [] : ['+px']), '+te', file, out]);
    if (status !== 0) throw new Error(output);
    const { dataSet } = readInstance(readFileSync(out));
    const element = dataSet.elements['x7fe00010']!;
    return dataSet.byteArray.slice(element.dataOffset, element.dataOffset + element.length);
  }
});

function sopClass(samples: 1 | 3): string {
  return `1.2.840.10008.5.1.4.1.1.7.${samples === 3 ? 4 : 2}`;
}

function headerFor(samples: 1 | 3, transferSyntaxUid: string): Buffer {
  return part10Header({ sopClassUid: sopClass(samples), sopInstanceUid: '1.2.3', transferSyntaxUid });
}

function part10(dataset: Dataset, transferSyntaxUid: string): Buffer {
  const samples = dataset['SamplesPerPixel'] as 1 | 3;
  return Buffer.concat([headerFor(samples, transferSyntaxUid), encodeDataset(dataset)]);
}

function picture(samples: 1 | 3, pixels: Uint8Array): Dataset {
  return {
    SOPClassUID: sopClass(samples),
    SOPInstanceUID: '1.2.3',
    SamplesPerPixel: samples,
    PhotometricInterpretation: samples === 3 ? 'RGB' : 'MONOCHROME2',
    ...(samples === 3 ? { PlanarConfiguration: 0 } : {}),
    NumberOfFrames: String(frames),
    Rows: rows,
    Columns: columns,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: pixels,
  };
}
