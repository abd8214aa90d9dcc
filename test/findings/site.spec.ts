import { expect } from 'chai';
import { locationOf } from '../../src/evaluation/locations.ts';
import {
  nameSite,
  siteClasses,
  siteInWords,
  type Midsagittal,
  type PointLpsMm,
} from '../../src/findings/index.ts';
import { wordsIn } from '../../src/results/language/index.ts';
import { straightAt } from '../support/midsagittal.ts';

const threshold = 0.7;
const midsagittalXMm = 1.5;
const named = siteClasses.filter(({ site }) => site !== null);

/** All probability but `rest` on one class, the rest evenly on the others. */
function sure(name: string, rest = 0.05): readonly number[] {
  return siteClasses.map((one) => (one.name === name ? 1 - rest : rest / (siteClasses.length - 1)));
}

function at(leftMm: number): { readonly centreLpsMm: PointLpsMm; readonly midsagittal: Midsagittal } {
  return { centreLpsMm: [midsagittalXMm + leftMm, -10, 3], midsagittal: straightAt(midsagittalXMm) };
}

function mirrored(probabilities: readonly number[]): readonly number[] {
  const other = (name: string): string =>
    name.startsWith('Left') ? name.replace('Left', 'Right') : name.replace('Right', 'Left');
  return siteClasses.map(
    ({ name }) => probabilities[siteClasses.findIndex((one) => one.name === other(name))]!,
  );
}

function ownSide(one: (typeof siteClasses)[number]): number {
  if (one.kind === 'unpaired') return 0;
  return one.side === 'left' ? 9 : -9;
}

describe('the site of an aneurysm', () => {
  for (const one of named) {
    it(`${one.name}: a sure answer gets its codes and its side, and every reader of its words finds the location`, () => {
      const site = nameSite(sure(one.name), at(ownSide(one)), threshold);
      expect({ ...site, laterality: undefined }).to.deep.equal({ ...one.site, laterality: undefined });
      expect(site.laterality).to.equal(one.kind === 'paired' ? one.side : null);
      expect(locationOf({ site: siteInWords(site), side: site.laterality })).to.equal(one.name);
    });
  }

  it('a mirrored head gets the mirrored name, wherever the place lies and however sure the answer', () => {
    const turn = { left: 'right', right: 'left' } as const;
    for (const one of siteClasses) {
      for (const rest of [0.02, 0.2, 0.6]) {
        for (const leftMm of [-30, -5, -3, 0.5, 3.5, 7, 25]) {
          const here = nameSite(sure(one.name, rest), at(leftMm), threshold);
          const there = nameSite(mirrored(sure(one.name, rest)), at(-leftMm), threshold);
          const side = here.laterality === null ? null : turn[here.laterality];
          expect(there).to.deep.equal({ ...here, laterality: side });
        }
      }
    }
  });

  it('is a cerebral artery where the answer is unsure, lies on no artery, or contradicts the side of geometry', () => {
    for (const { name } of named)
      expect(nameSite(sure(name, 0.4), at(9), threshold).value).to.equal('88556005');
    expect(nameSite(sure('Elsewhere'), at(9), threshold)).to.include({
      value: '88556005',
      laterality: 'left',
    });
    const swapped = nameSite(sure('Left Middle Cerebral Artery'), at(-25), threshold);
    expect(swapped).to.include({ value: '88556005', laterality: 'right' });
    expect(swapped).not.to.have.property('modifier');
  });

  it('tells no side at the midline, one that geometry and answer share beside it, and that of geometry far from it', () => {
    const left = sure('Left Middle Cerebral Artery');
    const either = left.map((p, index) => (p + mirrored(left)[index]!) / 2);
    for (const answer of [left, either])
      expect(nameSite(answer, at(1), threshold)).to.include({ value: '17232002', laterality: null });
    expect(nameSite(left, at(6), threshold)).to.include({ value: '17232002', laterality: 'left' });
    expect(nameSite(either, at(6), threshold)).to.include({ value: '17232002', laterality: null });
    expect(nameSite(either, at(20), threshold)).to.include({ value: '17232002', laterality: 'left' });
    expect(nameSite(left, at(-6), threshold)).to.include({ value: '88556005', laterality: null });
  });

  it('tells no side of an anterior cerebral artery that may have crossed the midline', () => {
    const left = sure('Left Anterior Cerebral Artery');
    for (const leftMm of [-7, -5, 5, 7])
      expect(nameSite(left, at(leftMm), threshold)).to.include({ value: '60176003', laterality: null });
    expect(nameSite(left, at(9), threshold)).to.include({ value: '60176003', laterality: 'left' });
    expect(nameSite(left, at(-9), threshold)).to.include({ value: '88556005' });
  });

  it('has words of its own in every language', () => {
    for (const language of ['de', 'es', 'fr'] as const) {
      const words = named.map(({ site }) => wordsIn(language).place({ ...site!, laterality: 'left' }));
      expect(new Set(words).size).to.equal(8);
      for (const { site } of named)
        expect(words, site!.meaning).not.to.include(wordsIn('en').place({ ...site!, laterality: 'left' }));
    }
  });
});
