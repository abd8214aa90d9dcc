import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { tofPatchManifest } from '../../src/inference/manifests/tof-patch.ts';
import { prepare } from '../../src/pipelines/tof-patch/prepare.ts';
import { loadVolume, toLpsOrientation } from '../../src/volume/index.ts';
import { sampleInstances } from '../support/sample.ts';

describe('bias correction as a bundle asks for it', () => {
  const file = path.join(import.meta.dirname, '..', '..', 'models', 'tof-patch', 'model.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { preprocessing: Record<string, unknown> };
  const asking = (biasCorrection: unknown): unknown => ({
    ...manifest,
    preprocessing: { ...manifest.preprocessing, biasCorrection },
  });

  it('is off where the manifest does not name it, and a word it does not know is refused by name', () => {
    expect(tofPatchManifest.parse(manifest).preprocessing.biasCorrection).to.equal('none');
    const refused = tofPatchManifest.safeParse(asking('n3'));
    expect(refused.error?.issues.map((issue) => issue.path.join('.'))).to.deep.equal([
      'preprocessing.biasCorrection',
    ]);
  });

  it('evens out what the network sees, and moves nothing', async function () {
    this.timeout(60_000);
    const { volume } = await loadVolume(sampleInstances());
    const head = toLpsOrientation(volume);
    const [nx] = head.size;
    const shaded = {
      ...head,
      data: head.data.map((value, index) => value * (0.6 + (0.8 * (index % nx)) / nx)),
    };
    const differenceFromUnshaded = (biasCorrection: 'none' | 'n4'): number => {
      const recipe = tofPatchManifest.parse(asking(biasCorrection)).preprocessing;
      const [wanted, got] = [prepare(head, recipe), prepare(shaded, recipe)];
      expect(got.image.size).to.deep.equal(wanted.image.size);
      let [sum, count] = [0, 0];
      for (let index = 0; index < wanted.mask.length; index += 1) {
        if (wanted.mask[index] !== 1 || got.mask[index] !== 1) continue;
        sum += Math.abs(wanted.image.data[index]! - got.image.data[index]!);
        count += 1;
      }
      return sum / count;
    };
    expect(differenceFromUnshaded('n4')).to.be.below(0.5 * differenceFromUnshaded('none'));
  });
});
