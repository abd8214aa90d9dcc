import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Judged } from '../../src/pipelines/cta-resnet/classify.ts';
import { lookAtHead } from '../../src/pipelines/cta-resnet/head.ts';
import { proposePlaces, type Proposal } from '../../src/pipelines/cta-resnet/proposals.ts';
import { demotion } from '../../src/pipelines/cta-resnet/rules.ts';
import { goldenVolume } from '../../src/pipelines/golden-volume.ts';

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  /** The best first; places in mm from the first voxel's middle. */
  readonly proposals: readonly {
    readonly centreMm: readonly [number, number, number];
    readonly radiusMm: number;
    readonly score: number;
    readonly demoted: 'bone' | 'vein' | null;
  }[];
}

/** Written by the kit (willis_training/cta_resnet/proposal_vectors.py), whose own test reads them too. */
const folder = path.join(import.meta.dirname, '..', 'vectors', 'cta-proposals');

describe('proposals of cta-resnet and those of the kit in the same volume', function () {
  this.timeout(60_000);
  const golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as Golden;
  const bytes = gunzipSync(readFileSync(path.join(folder, golden.file)));
  const stored = new Int16Array(Uint8Array.from(bytes).buffer);

  it('are as many: place to half a voxel, rank but for equal scores, radius, and why a rule takes one back', () => {
    const head = lookAtHead(goldenVolume(golden, stored));
    const places = proposePlaces(head);
    expect(places).to.have.length(golden.proposals.length);
    for (const [rank, { centreMm, radiusMm, score, demoted }] of golden.proposals.entries()) {
      const off = ({ centreLpsMm }: Proposal): number =>
        Math.hypot(...centreLpsMm.map((value, axis) => value - centreMm[axis]!));
      const nearest = places.reduce((best, one) => (off(one) < off(best) ? one : best));
      expect(off(nearest), `place ${rank}`).to.be.below(head.volume.spacingMm[0] / 2);
      expect(nearest.radiusMm).to.be.closeTo(radiusMm, 1e-3);
      expect(nearest.score).to.be.closeTo(score, 1e-4);
      expect(places[rank]!.score).to.be.closeTo(score, 1e-4);
      expect(demotion({ proposal: nearest } as Judged, head), `place ${rank}`).to.equal(demoted);
    }
  });
});
