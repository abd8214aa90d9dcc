import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeFrame,
  encodeDataset,
  losslessSyntaxes,
  part10Header,
  readInstance,
  transcodeDataset,
  type Dataset,
} from '../../src/dicom/index.ts';

const sopClassUid = '1.2.840.10008.5.1.4.1.1.7.4';
const sopInstanceUid = '1.2.3.4';
const explicit = '1.2.840.10008.1.2.1';
const implicit = '1.2.840.10008.1.2';

function part10(dataset: Dataset): Buffer {
  const whole = { SOPClassUID: sopClassUid, SOPInstanceUID: sopInstanceUid, ...dataset };
  return Buffer.concat([
    part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid: explicit }),
    encodeDataset(whole),
  ]);
}

async function rewritten(file: Buffer, transferSyntaxUid: string): Promise<ReturnType<typeof readInstance>> {
  const dataset = await transcodeDataset(file, transferSyntaxUid);
  return readInstance(
    Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }), dataset]),
  );
}

function picture(samplesPerPixel: number, frames: number, pixels: Uint8Array): Dataset {
  return {
    SamplesPerPixel: samplesPerPixel,
    PhotometricInterpretation: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    ...(samplesPerPixel === 3 ? { PlanarConfiguration: 0 } : {}),
    NumberOfFrames: String(frames),
    Rows: 16,
    Columns: 24,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: pixels,
  };
}

describe('results in other transfer syntaxes', function () {
  this.timeout(60_000);

  for (const [name, uid] of Object.entries({ ...losslessSyntaxes, implicit })) {
    it(`${name}: every pixel of every frame comes back`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(1, 3),
          fc.integer({ min: 1, max: 3 }),
          fc.uint8Array({ minLength: 16 * 24 * 9, maxLength: 16 * 24 * 9 }),
          async (samples, frames, noise) => {
            const pixels = noise.subarray(0, 16 * 24 * samples * frames);
            const again = await rewritten(part10(picture(samples, frames, pixels)), uid);
            expect(again.transferSyntaxUid).to.equal(uid);
            expect(again.frameCount).to.equal(frames);
            for (let frame = 0; frame < frames; frame += 1) {
              const { data } = await decodeFrame(again, frame);
              const size = 16 * 24 * samples;
              expect(Buffer.from(data as Uint8Array)).to.deep.equal(
                Buffer.from(pixels.subarray(frame * size, (frame + 1) * size)),
              );
            }
          },
        ),
        { numRuns: 25 },
      );
    });
  }

  it('Implicit VR Little Endian keeps sequences, text and numbers', async () => {
    const nested = { CodeValue: '85659009', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Aneurysm' };
    const { attributes } = await rewritten(
      part10({
        PatientName: 'A^B',
        ConceptNameCodeSequence: [nested, { ...nested, ContentSequence: [{ TextValue: 'inner' }] }],
        ContentSequence: [],
        GraphicData: [1.5, -2.25],
        Rows: 7,
      }),
      implicit,
    );
    const items = attributes.items('ConceptNameCodeSequence');
    expect(items.map((item) => item.text('CodeMeaning'))).to.deep.equal(['Aneurysm', 'Aneurysm']);
    expect(items[1]!.items('ContentSequence')[0]!.text('TextValue')).to.equal('inner');
    expect(attributes.text('PatientName')).to.equal('A^B');
    expect(attributes.numbers('GraphicData')).to.deep.equal([1.5, -2.25]);
    expect(attributes.number('Rows')).to.equal(7);
  });

  it('refuses what it would have to guess', async () => {
    const binary = { ...picture(1, 1, new Uint8Array(48)), BitsAllocated: 1, BitsStored: 1, HighBit: 0 };
    const code = async (work: Promise<unknown>): Promise<unknown> =>
      await work.then(
        () => 'none',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await code(transcodeDataset(part10(binary), losslessSyntaxes.rle))).to.equal(
      'SYNTAX_NOT_WRITABLE',
    );
    expect(await code(transcodeDataset(part10(binary), '1.2.840.10008.1.2.4.50'))).to.equal(
      'SYNTAX_NOT_WRITABLE',
    );
  });
});
