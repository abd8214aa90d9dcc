import { expect } from 'chai';
import { codes } from '../src/dicom/index.ts';
import { needs, pythonInput } from './support/tools.ts';

/** Codes that PS3.16 names but pydicom's dictionary lacks, each checked by hand. */
const checkedByHand: Readonly<Record<string, string>> = {
  qualitativeEvaluations: 'TID 1500 row 12 names (C0034375, UMLS, "Qualitative Evaluations")',
  english: 'TID 1204 takes any RFC 5646 language',
  infraclinoid:
    'a part of the internal carotid artery that the free set of SNOMED CT cannot name; scheme 99WILLIS',
  supraclinoid: 'as infraclinoid',
  posteriorCirculation: 'as infraclinoid: the arteries of the posterior circulation together',
  pixels: 'TID 1602 rows 6 and 7 name the UCUM annotation {pixels}',
};

describe('the table of codes', () => {
  it('each code, its meaning and its context group are those of PS3.16, and SNOMED CT is from the free set', function () {
    this.timeout(60_000);
    needs(this, 'python');
    const table = Object.fromEntries(Object.entries(codes).filter(([name]) => !(name in checkedByHand)));
    expect(pythonInput('check_codes.py', JSON.stringify(table))).to.equal('');
  });

  it('what is checked by hand is in the table', () => {
    for (const name of Object.keys(checkedByHand)) expect(codes).to.have.property(name);
  });

  it('a wrong meaning, a wrong group and an unknown code are found', function () {
    this.timeout(60_000);
    needs(this, 'python');
    const wrong = {
      meaning: { ...codes.absent, meaning: 'Present' },
      group: { ...codes.aneurysm, origin: 'CID 244' },
      unknown: { ...codes.aneurysm, value: '128609009' },
    };
    const said = pythonInput('check_codes.py', JSON.stringify(wrong)).trim().split('\n');
    expect(said.map((line) => line.split(':')[0])).to.deep.equal(['meaning', 'group', 'unknown']);
  });
});
