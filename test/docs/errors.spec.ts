import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const root = path.join(import.meta.dirname, '..', '..');

describe('docs/errors.md', () => {
  it('names every code that the sources can give', () => {
    const documented = readFileSync(path.join(root, 'docs', 'errors.md'), 'utf8');
    const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts'),
    );
    const codes = new Set(
      sources.flatMap((name) =>
        [...readFileSync(path.join(root, 'src', name), 'utf8').matchAll(/'([A-Z]+(?:_[A-Z0-9]+)+)'/g)].map(
          (match) => match[1]!,
        ),
      ),
    );
    // words of the standard and of files that look like codes
    for (const word of ['WILLIS_0_1', 'LINEAR_EXACT']) codes.delete(word);
    expect(codes.size).to.be.greaterThan(40);
    expect([...codes].filter((code) => !new RegExp(`\\b${code}\\b`).test(documented))).to.deep.equal([]);
  });
});
