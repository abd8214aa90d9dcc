import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { wordsIn } from '../../../src/results/language/index.ts';
import { printable } from '../../../src/results/pictures/text.ts';

const folder = path.join(import.meta.dirname, '..', '..', '..', 'src', 'results', 'language');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function read(file: string): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Record<string, string>;
}

describe('language files', () => {
  const english = read('en.json');
  const blanks = (text: string): readonly string[] =>
    [...text.matchAll(/\{\w+\}/g)].map(([all]) => all).sort();

  for (const file of files) {
    it(`${file}: the keys of English, the same blanks, letters that the font has`, () => {
      const texts = read(file);
      expect(Object.keys(texts).sort()).to.deep.equal(Object.keys(english).sort());
      for (const [key, text] of Object.entries(texts)) {
        expect(blanks(text), key).to.deep.equal(blanks(english[key]!));
        expect(printable(text), key).to.equal(text);
      }
    });
  }

  it('a probability is never rounded to certainty', () => {
    const { probability } = wordsIn('de');
    expect([1, 0.996, 0.994, 0.5, 0.004, 0].map(probability)).to.deep.equal([
      '>0,99',
      '>0,99',
      '0,99',
      '0,50',
      '<0,01',
      '<0,01',
    ]);
  });
});
