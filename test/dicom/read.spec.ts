import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeFrame, readHeader, readInstance } from '../../src/dicom/index.ts';
import { WillisError } from '../../src/errors.ts';
import { loadVolume } from '../../src/volume/index.ts';
import { sampleFiles, sampleInstances } from '../support/sample.ts';
import { filesBelow, needsSharedData, sharedData } from '../support/shared-data.ts';

const syntaxes = 'dicom_conformance/cornerstone3D_ct_transfer_syntaxes';
const lossless = [
  'RLELossless',
  'JPEGLSLossless',
  'JPEG2000LosslessOnly',
  'JPEGProcess14SV1',
  'JPEGProcess14',
  'LittleEndianImplicit',
  'BigEndianExplicit',
  'DeflatedExplicit',
];

describe('reading DICOM', function () {
  this.timeout(120_000);

  it('gives a value or a WillisError for any bytes', () => {
    const whole = readFileSync(sampleFiles()[0]!);
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 0, max: whole.length }).map((end) => whole.subarray(0, end)),
      fc
        .array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 255 })), {
          maxLength: 12,
        })
        .map((flips) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of flips) bytes[at] = value;
          return bytes;
        }),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          readInstance(bytes).attributes.text('PatientName');
        } catch (error) {
          expect(error).to.be.instanceOf(WillisError);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('tells a cut header from a whole one', () => {
    const bytes = readFileSync(sampleFiles()[0]!);
    const dataset = bytes.subarray(144 + bytes.readUInt32LE(140));
    expect(readHeader(dataset.subarray(0, 4096), '1.2.840.10008.1.2.1', false).text('Modality')).to.equal(
      'MR',
    );
    expect(() => readHeader(dataset.subarray(0, 300), '1.2.840.10008.1.2.1', false))
      .to.throw(WillisError)
      .with.property('code', 'HEADER_INCOMPLETE');
  });

  it('odd, broken and hostile files of other projects: a value or a WillisError, to the last pixel', async function () {
    needsSharedData(this);
    let pixels = 0;
    for (const file of filesBelow('dicom_conformance')) {
      try {
        const instance = readInstance(readFileSync(file));
        if (instance.frameCount > 0) pixels += (await decodeFrame(instance, 0)).data.length;
      } catch (error) {
        expect(error, file).to.be.instanceOf(WillisError);
      }
    }
    expect(pixels).to.be.greaterThan(1e6);
  });

  it('one CT in many transfer syntaxes: the lossless ones give the same pixels', async function () {
    needsSharedData(this);
    const files = filesBelow(syntaxes).filter((file) => path.basename(file).startsWith('CTImage.dcm_'));
    const reference = await decodeFrame(
      readInstance(readFileSync(files.find((file) => file.includes('LittleEndianExplicit'))!)),
      0,
    );
    for (const name of lossless) {
      const file = files.find((one) => one.includes(`_${name}`))!;
      const { data } = await decodeFrame(readInstance(readFileSync(file)), 0);
      expect(
        Buffer.compare(
          Buffer.from(data.buffer, data.byteOffset, data.byteLength),
          Buffer.from(reference.data.buffer, reference.data.byteOffset, reference.data.byteLength),
        ),
        name,
      ).to.equal(0);
    }
  });

  it('a JPEG 2000 codestream that disagrees with Pixel Representation gives the values an independent reader gives', async function () {
    needsSharedData(this);
    const instance = readInstance(
      readFileSync(path.join(sharedData, 'dicom_conformance/pydicom_test_files/J2K_pixelrep_mismatch.dcm')),
    );
    const { data } = await decodeFrame(instance, 0);
    // pydicom 3.0: pixel_array[0, 0] and [47:52, 280]
    expect(data[0]).to.equal(-2000);
    expect([47, 48, 49, 50, 51].map((row) => data[row * 512 + 280])).to.deep.equal([
      644, 440, 164, -177, -515,
    ]);
  });

  it('the sample becomes a volume of the size and place its header says', async () => {
    const { volume, frames } = await loadVolume(sampleInstances());
    expect(volume.size).to.deep.equal([256, 256, 90]);
    expect(volume.spacingMm.map((v) => Math.round(v * 1000) / 1000)).to.deep.equal([0.75, 0.75, 0.8]);
    expect(volume.originLpsMm).to.deep.equal(frames[0]!.imagePositionPatient);
    expect(Math.max(...volume.data.subarray(0, 65_536))).to.be.greaterThan(100);
  });
});
