import { expect } from 'chai';
import { parseConfig } from '../../src/config/index.ts';
import {
  explain,
  inputIdentity,
  nearestMiss,
  readTraits,
  type SeriesTraits,
} from '../../src/intake/index.ts';
import { checkStack, frameGeometries } from '../../src/volume/index.ts';
import { sampleInstances } from '../support/sample.ts';

describe('rules', () => {
  const instances = sampleInstances();
  const frames = instances.flatMap((one) =>
    frameGeometries(one.sopClassUid, one.sopInstanceUid, one.attributes),
  );
  const stack = checkStack(frames);
  const traits = readTraits(instances[0]!.attributes);
  const [tof] = parseConfig({}, 'test').rules;
  const failed = (changes: Partial<SeriesTraits>): readonly string[] =>
    explain(tof!, { ...traits, ...changes }, stack)
      .lines.filter((line) => !line.holds)
      .map((line) => line.condition);

  it('the shipped rule takes the sample and says why, line by line', () => {
    const explanation = explain(tof!, traits, stack);
    expect(explanation.matches).to.equal(true);
    expect(explanation.lines.map((line) => line.condition)).to.include('Modality is MR');
  });

  it('never take derived images, localizers, MIPs, other objects, or what software made', () => {
    for (const value of ['DERIVED', 'LOCALIZER', 'PROJECTION IMAGE', 'MPR'])
      expect(failed({ imageType: ['ORIGINAL', 'PRIMARY', value] })).to.have.length(1);
    expect(failed({ sopClassUid: '1.2.840.10008.5.1.4.1.1.7' })).to.deep.equal([
      'SOP Class is an MR or CT image',
    ]);
    expect(failed({ madeByProcessing: true })).to.deep.equal([
      'the images come from a scanner, not from processing software',
    ]);
  });

  it('name the condition that failed', () => {
    expect(failed({ modality: 'CT' })).to.deep.equal(['Modality is MR']);
    expect(failed({ bodyPartExamined: 'KNEE' })[0]).to.match(/^Body Part Examined is one of HEAD/);
    expect(failed({ seriesDescription: 'T2', protocolName: 'T2', sequenceName: 'tse' })[0]).to.match(
      /matches/,
    );
  });

  it('the shipped rules tell a head CT from an angiogram and leave the rest alone', () => {
    const ct = {
      modality: 'CT',
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      protocolName: '',
      sequenceName: '',
    };
    const takenBy = (seriesDescription: string, bodyPartExamined: string): string | undefined =>
      parseConfig({}, 'test').rules.find(
        (rule) => explain(rule, { ...traits, ...ct, seriesDescription, bodyPartExamined }, stack).matches,
      )?.pipeline;
    const told: readonly (readonly [string, string, string | undefined])[] = [
      ['Head 5.0 H30s', 'HEAD', 'ncct-haemorrhage'],
      ['STD BRAIN 5MM', '', 'ncct-haemorrhage'],
      ['Schädel nativ', 'SKULL', 'ncct-haemorrhage'],
      ['CTA Head 0.6 B30f', 'HEAD', 'cta-resnet'],
      ['Head Angio 0.75', '', 'cta-resnet'],
      ['Carotid CT-Angio', 'NECK', 'cta-resnet'],
      ['Thorax 1.0', 'CHEST', undefined],
      ['Head first abdomen', 'ABDOMEN', undefined],
      ['CT Octagon phantom', '', undefined],
    ];
    for (const [description, part, pipeline] of told)
      expect(takenBy(description, part), description).to.equal(pipeline);
  });

  it('the shipped rules leave TOF of the neck, of limbs and of veins, in any language, and take that of the head', () => {
    const isTaken = (seriesDescription: string): boolean =>
      explain(
        tof!,
        { ...traits, seriesDescription, protocolName: 'x', sequenceName: 'fl3d', bodyPartExamined: '' },
        stack,
      ).matches;
    for (const description of [
      'TOF_3D_multi-slab',
      'tof3d_tra_p2',
      'TOF Kopf',
      '3D TOF Circle of Willis',
      'TOF head and neck',
      'TOF HeadNeck 64',
      'TOF_fl3d_tra',
      '3D Inflow arterial',
      'tof_art_brain',
      'ToF Tête',
    ])
      expect(isTaken(description), description).to.equal(true);
    for (const description of [
      'TOF neck',
      'TOF_NECK_2D',
      'TOF Carotids',
      'TOF Karotiden',
      'TOF Hals',
      'tof_cou',
      'TOF knee',
      'TOF Knie',
      'tof periph run-off',
      'TOF leg_left',
      'TOF venous',
      '2D TOF MRV',
      'TOF Venen',
      'tof_veineux',
      'TOF MRV head',
      'TOF venous sinus brain',
      'TOF supraaortic',
    ])
      expect(isTaken(description), description).to.equal(false);
  });

  it('the shipped rules leave sharp reconstructions of a head CT, by their description or kernel', () => {
    const head = parseConfig({}, 'test').rules.find(({ pipeline }) => pipeline === 'ncct-haemorrhage')!;
    const ct = {
      modality: 'CT',
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      protocolName: '',
      sequenceName: '',
    };
    const isTaken = (seriesDescription: string, ...convolutionKernel: readonly string[]): boolean =>
      explain(head, { ...traits, ...ct, seriesDescription, convolutionKernel }, stack).matches;
    for (const kernel of [
      '',
      'UB',
      'H30s',
      'H31s',
      'Hr40f',
      'J40s',
      'STANDARD',
      'SOFT',
      'FC21',
      'FC64',
      'FC68',
    ])
      expect(isTaken('Head 5 mm', kernel), kernel).to.equal(true);
    for (const kernel of [
      'YA',
      'YD',
      'H60s',
      'H70h',
      'Hr64h',
      'J70h',
      'BONE',
      'BONEPLUS',
      'EDGE',
      'FC30',
      'FC81',
    ])
      expect(isTaken('Head 1 mm', kernel, '3'), kernel).to.equal(false);
    for (const description of ['BONE BRAIN 1MM', 'Schädel Knochen', 'Crâne osseux'])
      expect(isTaken(description), description).to.equal(false);
  });

  it('none of which takes a series: the nearest is named, with what of it does not hold and what was found', () => {
    const { rules } = parseConfig({}, 'test');
    const scout = {
      modality: 'CT',
      seriesDescription: 'Head scout',
      imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
    };
    const said = nearestMiss(rules.map((rule) => explain(rule, { ...traits, ...scout }, stack)));
    expect(said).to.match(
      /^Nearest is "CT of the head", of which this does not hold: Image Type is original/,
    );
    expect(said).to.match(/\(found ORIGINAL\\PRIMARY\\LOCALIZER\)\.$/);
    expect(nearestMiss([])).to.equal('No rules are configured.');
  });

  it('with conditions on geometry judge spacing and number, and keep a broken stack so that it is reported', () => {
    const strict = { ...tof!, when: { ...tof!.when, slices: { min: 200 }, sliceSpacingMm: { max: 1 } } };
    expect(explain(strict, traits, stack).lines.at(-2)).to.deep.include({
      condition: 'number of slices is at least 200',
      found: '90',
      holds: false,
    });
    const broken = checkStack(frames.filter((_, index) => index !== 5));
    expect(explain(strict, traits, broken).matches).to.equal(true);
  });

  it('the identity of an input set does not depend on order', () => {
    const input = frames.map((one) => ({ sopInstanceUid: one.sopInstanceUid, frames: [one] }));
    expect(inputIdentity([...input].reverse())).to.equal(inputIdentity(input));
    expect(inputIdentity(input.slice(1))).to.not.equal(inputIdentity(input));
  });

  it('what came without a place is part of the input set: a series that it joined is another one', () => {
    const input = frames.map((one) => ({ sopInstanceUid: one.sopInstanceUid, frames: [one] }));
    const joined = [...input, { sopInstanceUid: '2.25.1', frames: [] }];
    expect(inputIdentity(joined)).to.not.equal(inputIdentity(input));
  });
});
