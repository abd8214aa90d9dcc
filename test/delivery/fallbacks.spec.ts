import { expect } from 'chai';
import fc from 'fast-check';
import {
  chainsOf,
  currentKinds,
  kindsWithFallbacks,
  nextAfter,
  type Fallbacks,
  type Wishes,
} from '../../src/delivery/fallbacks.ts';

const fallbacks = {
  sr: ['sr-comprehensive', 'sr-basic-text'],
  'heatmap-multiframe': ['heatmap'],
  heatmap: ['heatmap-grey'],
};
const made = new Set(['summary', 'sr', 'sr-basic-text', 'heatmap-multiframe', 'heatmap-grey']);

const telling = ['summary', 'sr', 'summary-grey', 'sr-comprehensive', 'sr-basic-text'];

function wishes(wanted: readonly string[], from: Fallbacks): Wishes {
  return { wanted, fallbacks: from, telling };
}

describe('fallbacks of a destination', () => {
  it('follow each other, also through the fallbacks of a fallback, as far as they were made; what has nothing to show is not replaced', () => {
    expect(chainsOf(wishes(['heatmap-multiframe', 'sr', 'cine'], fallbacks), made)).to.deep.equal([
      ['heatmap-multiframe', 'heatmap-grey'],
      ['sr', 'sr-basic-text'],
    ]);
  });

  it('where no wanted kind that tells what came out was made, as before a change of the configuration, one that was made goes', () => {
    const before = new Set(['summary', 'summary-grey', 'heatmap']);
    expect(chainsOf(wishes(['sr', 'heatmap'], fallbacks), before)).to.deep.equal([
      ['heatmap'],
      ['summary', 'summary-grey'],
    ]);
    expect(chainsOf(wishes(['sr'], fallbacks), new Set(['summary']))).to.deep.equal([['summary']]);
    expect(chainsOf(wishes(['summary', 'sr'], fallbacks), before)).to.deep.equal([['summary']]);
  });

  it('replace a kind one after another, and never leave a wanted result without any', () => {
    const chains = chainsOf(wishes(['sr'], fallbacks), new Set(['sr', 'sr-comprehensive', 'sr-basic-text']));
    expect(nextAfter('sr', chains, new Set())).to.equal('sr-comprehensive');
    expect(nextAfter('sr-comprehensive', chains, new Set(['sr']))).to.equal('sr-basic-text');
    const last = new Set(['sr', 'sr-comprehensive']);
    expect(nextAfter('sr-basic-text', chains, last)).to.equal(undefined);
    expect([...currentKinds(chains, last)]).to.deep.equal(['sr-basic-text']);
  });

  it('end, whatever circles a configuration has', () => {
    const kind = fc.constantFrom('a', 'b', 'c', 'd');
    const map = fc.dictionary(kind, fc.array(kind, { maxLength: 4 }));
    fc.assert(
      fc.property(map, fc.uniqueArray(kind, { minLength: 1 }), (circles, wanted) => {
        const kinds = kindsWithFallbacks(wanted, circles);
        expect(new Set(kinds).size).to.equal(kinds.length);
        expect(kinds).to.include.members(wanted);
        const chains = chainsOf(wishes(wanted, circles), new Set(kinds));
        expect(currentKinds(chains, new Set(kinds)).size).to.be.greaterThan(0);
      }),
    );
  });
});
