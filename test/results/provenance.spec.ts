import { expect } from 'chai';
import { consolidate, type SeriesFindings } from '../../src/findings/index.ts';
import { wordsIn } from '../../src/results/language/index.ts';
import { screen } from '../../src/results/pictures/palette.ts';
import { sheetOf } from '../../src/results/pictures/sheet.ts';
import { summaryPages } from '../../src/results/pictures/summary-pages.ts';
import { provenanceInWords } from '../../src/results/sr/words.ts';
import { aneurysmAt, madeInput } from '../support/picture-input.ts';

describe('a report of several pipelines tells the operating point of each', () => {
  const lead = { ...madeInput([[0, 0, 0]]).findings, findingThreshold: 0.5 };
  const bundle = { id: 'other-bundle', version: '2.0.0', sha256: 'c'.repeat(64) };
  // below the threshold of the leading one, above its own
  const weak = aneurysmAt([20, 0, 0], { probability: 0.35 });
  const other: SeriesFindings = {
    ...{ ...lead, pipeline: 'tof-coarse-fine', bundle, findingThreshold: 0.3 },
    ...{ state: 'findings', probability: 0.35, findings: [weak] },
  };
  const input = { ...madeInput([[0, 0, 0]]), findings: consolidate([lead, other]) };

  it('on the summary, so that no finding lies below the only one that is printed', () => {
    const texts = summaryPages(sheetOf(input, wordsIn(), screen))
      .flatMap(({ items }) => items.flatMap((item) => (item.kind === 'text' ? [item.words] : [])))
      .join(' ');
    expect(texts).to.match(/Reported from \d\.\d\d \(tof-patch\), 0\.30 \(tof-coarse-fine\)/);
  });

  it('in the report, in words', () => {
    const words = provenanceInWords(input).join(' ');
    expect(words).to.match(/reports findings from a probability of 0\.500/);
    expect(words).to.match(
      /Also read by other-bundle 2\.0\.0: findings; it reports them from a probability of 0\.300/,
    );
  });
});

describe('a report of a series of which not all was read', () => {
  it('says how many slices were', () => {
    const input = madeInput([[0, 0, 0]]);
    expect(provenanceInWords(input).join(' ')).not.to.include('Slices read');
    const findings = { ...input.findings, slicesRead: { read: 57, of: 90 } };
    expect(provenanceInWords({ ...input, findings })).to.include(
      'Slices read: 57 of 90, from the uppermost down; the 33 below the head were not read.',
    );
  });
});
