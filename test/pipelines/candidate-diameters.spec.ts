import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { tofPatchManifest } from '../../src/inference/manifests/tof-patch.ts';
import { findCandidates } from '../../src/pipelines/tof-patch/candidates.ts';

const file = path.join(import.meta.dirname, '..', '..', 'models', 'tof-patch', 'model.json');
const shipped = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const side = 32;
const plain = { diameterScale: 1, diameterOffsetMm: 0, diameterResidualSdMm: 0.5, volumeScale: 1 };

/** What is told of a ball of 8 mm from which a line of voxels runs 8 mm into the artery beside it. */
function diameter(measures: Readonly<Record<string, unknown>>, hasTail: boolean): number {
  const manifest = tofPatchManifest.parse({ ...shipped, measures: { ...plain, ...measures } });
  const localisationLogit = Float32Array.from({ length: side ** 3 }, (_, index) => {
    const [x, y, z] = [index % side, Math.floor(index / side) % side, Math.floor(index / side ** 2)];
    const isTail = hasTail && y === 16 && z === 16 && x >= 16 && x < 28;
    return isTail || Math.hypot(x - 16, y - 16, z - 16) < 4 ? 6 : -6;
  });
  const image = {
    size: [side, side, side],
    spacingMm: [1, 1, 1],
    originLpsMm: [0, 0, 0],
    directions: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    data: new Float32Array(side ** 3),
  } as const;
  const fields = { localisationLogit, patchLogit: new Float32Array(side ** 3) };
  const prepared = { image, grey: image, mask: new Uint8Array(side ** 3).fill(1) };
  return findCandidates(fields, prepared, manifest)[0]!.maxDiameterMm;
}

describe('the diameter of a candidate', () => {
  it('told by its volume is that of the sac, whatever runs out of it', () => {
    expect(diameter({ diameterFrom: 'volume' }, false)).to.be.closeTo(8, 0.7);
    expect(diameter({ diameterFrom: 'volume' }, true)).to.be.closeTo(8, 0.8);
  });

  it('told by its extent, as by bundles that do not say, is as long as all of it', () => {
    expect(diameter({ diameterFrom: 'extent' }, true))
      .to.equal(diameter({}, true))
      .and.to.be.above(14);
    expect(diameter({}, false)).to.be.within(7, 8.5);
  });
});
