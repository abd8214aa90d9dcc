import { expect } from 'chai';
import { parseRatings, parseTruth } from '../../src/evaluation/index.ts';
import { locationOf } from '../../src/evaluation/locations.ts';

const json = (...cases: readonly unknown[]): string => JSON.stringify({ schemaVersion: 1, cases });

describe('the truth of labelled cases', () => {
  it('as a table and as JSON are the same', () => {
    const table = [
      'case,patient,aneurysm,x,y,z,diameter_mm,site,side,treated,mask',
      'a,P1,,-2.5,-20.6,7.6,6,ACom,,no,a/mask.nii.gz',
      'a,P1,,8,-17.7,-17.5,,MCA,left,yes,a/mask.nii.gz',
      'b,P2,no,,,,,,,,',
      'c,P3,yes,,,,,,,,',
    ].join('\n');
    const lesions = [
      { centreLpsMm: [-2.5, -20.6, 7.6], diameterMm: 6, site: 'ACom' },
      { centreLpsMm: [8, -17.7, -17.5], diameterMm: null, site: 'MCA', side: 'left', treated: true },
    ];
    const cases = [
      { case: 'a', patient: 'P1', mask: 'a/mask.nii.gz', aneurysms: lesions },
      { case: 'b', patient: 'P2', aneurysm: false, aneurysms: [] },
      { case: 'c', patient: 'P3', aneurysm: true },
    ];
    expect(parseTruth(`\uFEFF${table}`, 'truth.csv')).to.deep.equal(parseTruth(json(...cases), 'truth.json'));
  });

  it('of haemorrhage tells subtypes', () => {
    const [one] = parseTruth('case,any,epidural,subdural\nx,yes,no,yes\n', 't.csv');
    expect(one!.haemorrhage).to.deep.equal({ any: true, epidural: false, subdural: true });
  });

  const refusals: readonly (readonly [string, string, string, RegExp])[] = [
    ['not JSON', '{', 't.json', /t\.json was refused: it is not JSON/],
    ['an unknown key', json({ case: 'a', aneurysm: true, aneurism: 1 }), 't.json', /a: .*aneurism/],
    ['a case without any label', json({ case: 'a' }), 't.json', /a: it tells neither.*no negative/],
    [
      'labels that contradict',
      json({ case: 'a', aneurysm: true, aneurysms: [] }),
      't.json',
      /a: .*contradict/,
    ],
    [
      'a case twice',
      json({ case: 'a', aneurysm: true }, { case: 'a', aneurysm: true }),
      't.json',
      /"a" occurs twice/,
    ],
    [
      'a diameter of nothing',
      json({ case: 'a', aneurysms: [{ centreLpsMm: [0, 0, 0], diameterMm: 0 }] }),
      't.json',
      /a\.aneurysms\.0\.diameterMm/,
    ],
    [
      'a subtype without any',
      json({ case: 'a', haemorrhage: { any: false, subdural: true } }),
      't.json',
      /subtype without/,
    ],
    ['subtypes alone', 'case,subdural\na,yes\n', 't.csv', /a\.haemorrhage\.any/],
    ['an unknown column', 'case,aneurysm,weight\na,yes,3\n', 't.csv', /row 1, weight: .*not known/],
    ['a word for a number', 'case,x,y,z\na,left,1,2\n', 't.csv', /row 1, x: "left" is no number/],
    ['neither yes nor no', 'case,aneurysm\na,maybe\n', 't.csv', /"maybe" is neither yes nor no/],
    ['a place without z', 'case,x,y\na,1,2\n', 't.csv', /"a" has an aneurysm without z/],
    ['rows that differ', 'case,patient,x,y,z\na,P,1,2,3\na,Q,4,5,6\n', 't.csv', /"a" differ in patient/],
    ['a row without a case', 'case,aneurysm\n,yes\n', 't.csv', /row 1 names no case/],
    ['a broken table', 'case,aneurysm\na,yes,no\n', 't.csv', /t\.csv is not a table/],
  ];
  for (const [what, text, file, message] of refusals)
    it(`is refused by name: ${what}`, () => {
      expect(() => parseTruth(text, file))
        .to.throw(message)
        .with.property('code', 'TRUTH_INVALID');
    });

  it('ratings are refused by name too', () => {
    const good = 'reader,case,likert,positive\nA,c1,5,yes\nB,c1,4,\n';
    expect(parseRatings(good, 'r.csv')).to.deep.equal([
      { reader: 'A', case: 'c1', likert: 5, positive: 'yes' },
      { reader: 'B', case: 'c1', likert: 4 },
    ]);
    for (const [text, message] of [
      ['reader,case,likert\nA,c1,6\n', /row 1: likert/],
      ['reader,case,likert\nA,c1,\n', /row 1: likert/],
      ['reader,case,likert\nA,c1,4\nA,c1,5\n', /A rated c1 twice/],
    ] as const)
      expect(() => parseRatings(text, 'r.csv'))
        .to.throw(message)
        .with.property('code', 'RATINGS_INVALID');
  });

  it('names of sites lead to the 13 places of RSNA 2025, and vague ones to none', () => {
    const left = (site: string): string | null => locationOf({ site, side: 'left' });
    expect(left('ACom')).to.equal('Anterior Communicating Artery');
    expect(left('infraclinoid ICA')).to.equal('Left Infraclinoid Internal Carotid Artery');
    expect(left('Middle cerebral artery')).to.equal('Left Middle Cerebral Artery');
    expect(left('PCom')).to.equal('Left Posterior Communicating Artery');
    expect(left('Anterior cerebral artery')).to.equal('Left Anterior Cerebral Artery');
    expect(left('basilar tip')).to.equal('Basilar Tip');
    expect(left('other posterior')).to.equal('Other Posterior Circulation');
    expect(locationOf({ site: 'MCA', side: null })).to.equal(null);
    expect(left('Cerebral artery')).to.equal(null);
  });
});
