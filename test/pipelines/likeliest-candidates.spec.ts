import { expect } from 'chai';
import fc from 'fast-check';
import { likeliest } from '../../src/pipelines/tof-patch/candidates.ts';
import type { Candidate } from '../../src/pipelines/types.ts';

const most = 10;

/** A place on a line, so that each is told from the others. */
function candidate(probability: number, isOutside: boolean, x: number): Candidate {
  return {
    ...{ probability, centreLpsMm: [x, 0, 0], maxDiameterMm: 4, volumeMm3: 30 },
    ...(isOutside ? { demoted: 'outside-head' as const } : {}),
  };
}

describe('the candidates of tof-patch that are kept', () => {
  it('hold a place in the head though ten stronger ones lie in face and neck, which are listed as well', () => {
    const outside = Array.from({ length: 12 }, (_, x) => candidate(0.9, true, x));
    const kept = likeliest([...outside, candidate(0.6, false, 99)], most);
    expect(kept.filter(({ demoted }) => demoted === undefined)).to.have.length(1);
    expect(kept).to.have.length(most + 1);
  });

  it('that stand are those that would stand alone, and none is told twice or out of order', () => {
    const any = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(any, (drawn) => {
        const found = drawn
          .map(([probability, isOutside], x) => candidate(probability, isOutside, x))
          .sort((a, b) => b.probability - a.probability);
        const kept = likeliest(found, most);
        const standing = (all: readonly Candidate[]) => all.filter(({ demoted }) => demoted === undefined);
        expect(standing(kept)).to.deep.equal(standing(found).slice(0, most));
        expect(kept).to.deep.equal(found.filter((one) => kept.includes(one)));
        expect(kept.length - standing(kept).length).to.be.at.most(most);
      }),
    );
  });
});
