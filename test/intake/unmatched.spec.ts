import { expect } from 'chai';
import { parseConfig } from '../../src/config/index.ts';
import { ruleOn, type Ruling } from '../../src/intake/ruling.ts';
import { readTraits, type SeriesTraits } from '../../src/intake/index.ts';
import { checkStack, frameGeometries } from '../../src/volume/index.ts';
import { sampleInstances } from '../support/sample.ts';

const pacs = { name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104 };

describe('a series that no rule takes', () => {
  const instances = sampleInstances();
  const frames = instances.flatMap((one) =>
    frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes),
  );
  const sample = { traits: readTraits(instances[0]!.attributes), stack: checkStack(frames) };
  const headCt: Partial<SeriesTraits> = {
    ...{ modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2', bodyPartExamined: 'HEAD' },
    ...{ seriesDescription: '5.0 H31s', protocolName: 'P17', sequenceName: '' },
  };
  const rulingOn = (changes: Partial<SeriesTraits>, unmatched?: object): Ruling => {
    const config = parseConfig({ destinations: [pacs], unmatched }, 'test');
    return ruleOn(config, { ...sample, unfit: null, traits: { ...sample.traits, ...changes } });
  };
  const told = (changes: Partial<SeriesTraits>, more: object = {}): readonly string[] => {
    const { takenBy, by, reason, destinations } = rulingOn(changes, { sendTo: ['pacs'], ...more });
    expect(takenBy).to.equal(null);
    expect(reason!.code).to.equal('NO_RULE_MATCHED');
    expect(by === null).to.equal(destinations.length === 0);
    return destinations;
  };

  it('is told to nobody unless somebody is named', () => {
    const { takenBy, by, destinations, reason } = rulingOn(headCt);
    expect([takenBy, by, destinations]).to.deep.equal([null, null, []]);
    expect(reason!.text).to.match(/^No rule takes this series. Nearest is "CT angiography of the head"/);
  });

  it('is told where it is of the head or does not say, derived or not, with the bundle of the nearest rule', () => {
    expect(told(headCt)).to.deep.equal(['pacs']);
    expect(rulingOn(headCt, { sendTo: ['pacs'] }).by!.name).to.equal('CT angiography of the head');
    expect(told({ ...headCt, bodyPartExamined: '' })).to.deep.equal(['pacs']);
    expect(told({ ...headCt, imageType: ['DERIVED', 'PRIMARY', 'AXIAL'] })).to.deep.equal(['pacs']);
    expect(told({ seriesDescription: 'T2 axial', protocolName: '', sequenceName: '' })).to.deep.equal([
      'pacs',
    ]);
  });

  it('is not told of a scout, a MIP, a knee or a screenshot; whom else it concerns can be said', () => {
    expect(told({ ...headCt, imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] })).to.deep.equal([]);
    expect(told({ ...headCt, imageType: ['DERIVED', 'PRIMARY', 'MIP'] })).to.deep.equal([]);
    expect(told({ ...headCt, bodyPartExamined: 'KNEE' })).to.deep.equal([]);
    expect(told({ ...headCt, sopClassUid: '1.2.840.10008.5.1.4.1.1.7' })).to.deep.equal([]);
    expect(told({ ...headCt, bodyPartExamined: 'KNEE' }, { when: {} })).to.deep.equal(['pacs']);
    expect(told(headCt, { when: { modality: 'MR' } })).to.deep.equal([]);
  });

  it('whose rule is gone is told to the destinations that rule had, whatever it is', () => {
    const { rules } = parseConfig({ destinations: [pacs] }, 'test');
    const knee = { ...sample, unfit: null, traits: { ...sample.traits, bodyPartExamined: 'KNEE' } };
    const { by, destinations, reason } = ruleOn({ rules }, knee, { rule: 'Knees', destinations: ['pacs'] });
    expect([by!.name, destinations]).to.deep.equal(['TOF-MRA of the head', ['pacs']]);
    expect(reason!.text).to.match(/^The rule "Knees" that took this series is no longer configured/);
  });

  it('body parts are told apart by their letters: the shipped rules take the head however a scanner writes it', () => {
    const parts = ['HEAD', 'BRAIN', 'SKULL', 'HEADNECK', 'HEAD_NECK', 'Head-Neck', 'CEREBRAL', 'CRANIUM'];
    for (const bodyPartExamined of [...parts, 'INTRACRANIAL', 'CIRCLEOFWILLIS', 'CIRCLE OF WILLIS', ''])
      expect(rulingOn({ bodyPartExamined }).takenBy?.pipeline, bodyPartExamined).to.equal('tof-patch');
    for (const bodyPartExamined of ['KNEE', 'NECK', 'CHEST'])
      expect(rulingOn({ bodyPartExamined }).takenBy, bodyPartExamined).to.equal(null);
  });
});
