import { expect } from 'chai';
import fc from 'fast-check';
import { numberingOf } from '../../src/intake/numbering.ts';
import type { FrameGeometry } from '../../src/volume/index.ts';

const stackOf = (numbers: readonly (number | undefined)[]): readonly FrameGeometry[] =>
  numbers.map((instanceNumber) => ({ instanceNumber }) as FrameGeometry);
const counted = (first: number, length: number, step = 1): number[] =>
  Array.from({ length }, (_, index) => first + index * step);
const nothing = { reason: null, remark: null };

describe('what Instance Numbers say of a stack', () => {
  it('nothing, where they run from 0 or 1 with position, up or down', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 2, max: 300 }), (first, length) => {
        const up = counted(first, length);
        expect(numberingOf(stackOf(up))).to.deep.equal(nothing);
        expect(numberingOf(stackOf(up.toReversed()))).to.deep.equal(nothing);
      }),
    );
  });

  it('nothing, where they do not run with position, are doubled or not there', () => {
    for (const numbers of [[1, 3, 2, 5], [1, 1, 1], [7, 8, undefined], [9], []])
      expect(numberingOf(stackOf(numbers))).to.deep.equal(nothing);
  });

  it('every second slice is missing where they run in steps, which positions cannot show', () => {
    for (const numbers of [counted(1, 45, 2), counted(2, 45, 2).toReversed()])
      expect(numberingOf(stackOf(numbers)).reason?.code).to.equal('MISSING_SLICES');
  });

  it('a remark, no refusal, where they begin late or jump between even slices', () => {
    const late = numberingOf(stackOf(counted(57, 34)));
    expect(late.reason).to.equal(null);
    expect(late.remark).to.equal(
      'Instance Numbers 57 to 90: they begin at 57, so up to 56 slices before them may be missing',
    );
    const jumping = numberingOf(stackOf([...counted(1, 30), ...counted(41, 30)]));
    expect(jumping.reason).to.equal(null);
    expect(jumping.remark).to.match(/^Instance Numbers 1 to 70: some numbers between are not there/);
  });
});
