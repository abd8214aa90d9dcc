import { expect } from 'chai';
import { decodeFrame, readInstance, type Instance } from '../../src/dicom/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { readFileSync } from 'node:fs';

/** The sample's first slices: JPEG-LS. */
const slices = sampleFiles().slice(0, 2);

describe('corrupt compressed images', function () {
  this.timeout(60_000);

  it('do no harm to those that come after them, however many there were', async () => {
    const good = readInstance(readFileSync(slices[0]!));
    const { data } = await decodeFrame(good, 0);
    let refused = 0;
    for (let seed = 1; seed <= 60; seed += 1)
      refused += await decodeFrame(damaged(slices[1]!, seed), 0).then(
        () => 0,
        (error: unknown) => ((error as { code?: string }).code === 'PIXEL_DATA_INVALID' ? 1 : 0),
      );
    expect(refused, 'the damage is noticed').to.be.greaterThan(40);
    expect((await decodeFrame(good, 0)).data).to.deep.equal(data);
  });
});

/** A stretch of the compressed frame replaced by noise; the same for the same seed. */
function damaged(file: string, seed: number): Instance {
  const bytes = readFileSync(file);
  const start = bytes.length - Math.round(bytes.length * (0.3 + 0.01 * (seed % 50)));
  let state = seed;
  for (let index = start; index < start + 400; index += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[index] = state >> 16;
  }
  return readInstance(bytes);
}
