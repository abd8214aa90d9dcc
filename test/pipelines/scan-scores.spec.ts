import { expect } from 'chai';
import fc from 'fast-check';
import { scanScores } from '../../src/pipelines/tof-patch/scan-scores.ts';

const map = fc
  .array(fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.boolean()), { minLength: 1, maxLength: 200 })
  .filter((voxels) => voxels.some(([, inside]) => inside));

describe('the scan scores of system 001', () => {
  it('sum up the voxels inside the head, and no others', () => {
    fc.assert(
      fc.property(map, (voxels) => {
        const inside = voxels.filter(([, head]) => head).map(([probability]) => probability);
        const { max, mean, p95 } = scanScores(
          Float32Array.from(voxels, ([probability]) => probability),
          Uint8Array.from(voxels, ([, head]) => (head ? 1 : 0)),
        );
        expect(max).to.equal(Math.max(...inside));
        expect(mean).to.be.closeTo(inside.reduce((sum, one) => sum + one, 0) / inside.length, 1e-6);
        expect(inside.filter((one) => one > p95 + 1e-6).length).to.be.at.most(
          Math.ceil(0.05 * (inside.length - 1)),
        );
        expect(p95).to.be.at.most(max);
      }),
    );
  });

  it('are numpy’s on a row of hundredths', () => {
    const row = Float32Array.from({ length: 101 }, (_, index) => index / 100);
    const { max, mean, p95 } = scanScores(row, new Uint8Array(101).fill(1));
    expect([max, mean, p95].map((score) => Number(score.toFixed(6)))).to.deep.equal([1, 0.5, 0.95]);
  });
});
