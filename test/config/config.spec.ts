import { expect } from 'chai';
import { configJsonSchema, doubtsOf, parseConfig, resultKinds } from '../../src/config/index.ts';
import { WillisError } from '../../src/errors.ts';
import { listBundles } from '../../src/inference/index.ts';
import { shippedBundles } from '../../src/node.ts';

function faultOf(value: unknown): string {
  try {
    parseConfig(value, 'test');
  } catch (error) {
    expect(error).to.be.instanceOf(WillisError);
    return (error as WillisError).message;
  }
  return 'none';
}

describe('configuration', () => {
  it('has a default for everything', () => {
    const config = parseConfig({}, 'test');
    expect(config.node.aeTitle).to.equal('WILLIS');
    expect(config.dicom.port).to.equal(11112);
    expect(config.rules.map(({ pipeline }) => pipeline)).to.deep.equal([
      'tof-patch',
      'cta-resnet',
      'ncct-haemorrhage',
    ]);
    expect(config.rules.filter(({ shadow }) => shadow).map(({ pipeline }) => pipeline)).to.deep.equal([
      'cta-resnet',
    ]);
    expect(Object.isFrozen(config.dicom)).to.equal(true);
  });

  it('takes the example of the design and sends the shipped rules to every destination', () => {
    const pacs = {
      name: 'pacs',
      aeTitle: 'ORTHANC',
      host: '127.0.0.1',
      port: 4242,
      results: ['summary', 'heatmap', 'sr'],
    };
    const config = parseConfig(
      {
        destinations: [pacs],
        inference: { providers: ['cuda', 'cpu'], threads: 2 },
        index: { engine: 'sqlite' },
        web: { host: '127.0.0.1', port: 8080 },
      },
      'test',
    );
    expect(config.rules[0]!.sendTo).to.deep.equal(['pacs']);
  });

  it('names each fault with its place', () => {
    expect(faultOf({ dicom: { prot: 1 } })).to.match(/dicom: Unrecognized key: "prot"/);
    expect(faultOf({ node: { aeTitle: 'MORE THAN SIXTEEN LETTERS' } })).to.match(
      /node\.aeTitle: an AE title has 1 to 16/,
    );
    expect(
      faultOf({ rules: [{ name: 'x', when: { text: '(' }, pipeline: 'tof-patch', sendTo: ['nowhere'] }] }),
    ).to.match(/rules\.0\.when\.text: not a regular expression/);
    expect(
      faultOf({ rules: [{ name: 'x', when: {}, pipeline: 'tof-patch', sendTo: ['nowhere'] }] }),
    ).to.match(/"nowhere" is not a destination/);
  });

  it('refuses two rules or destinations of one name: series of the one would run as the other', () => {
    const rule = { name: 'CT', when: {}, pipeline: 'ncct-haemorrhage' };
    expect(faultOf({ rules: [rule, { ...rule, when: { modality: 'CT' }, shadow: true }] })).to.match(
      /rules: two rules are named "CT"/,
    );
    const pacs = { name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104 };
    expect(faultOf({ destinations: [pacs, pacs] })).to.match(/two destinations are named "pacs"/);
  });

  it('names who is told of series that no rule takes, and refuses who is no destination', () => {
    const pacs = { name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104 };
    const config = parseConfig({ destinations: [pacs], unmatched: { sendTo: ['pacs'] } }, 'test');
    expect(config.unmatched!.when.bodyPartExamined).to.include.members(['HEAD', '']);
    expect(faultOf({ destinations: [pacs], unmatched: { sendTo: ['cloud'] } })).to.match(
      /unmatched\.sendTo: "cloud" is not a destination/,
    );
  });

  it('wants each destination to ask for a result that tells what came out, also where nothing was analysed', () => {
    const fault = (results: readonly string[]): string =>
      faultOf({ destinations: [{ name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104, results }] });
    const silent = resultKinds.filter((kind) => !/^(summary|sr|pdf)/.test(kind));
    expect(fault(silent)).to.match(/destinations\.0\.results: at least one of summary, .*"not analysed"/);
    for (const kind of resultKinds.filter((one) => !silent.includes(one)))
      expect(fault([...silent, kind]), kind).to.equal('none');
  });

  it('prints a JSON Schema', () => {
    expect(configJsonSchema()).to.have.nested.property('properties.dicom.properties.port');
  });

  it('refuses what cannot be meant, with its place', () => {
    expect(faultOf({ inference: { bundles: { 'tof-pach': 'tof-patch@1.0.0' } } })).to.match(
      /inference\.bundles.*tof-pach/,
    );
    const remote = { name: 'gpu', url: 'http://gpu:8000', pipelines: ['ncct-hemorrhage'] };
    expect(faultOf({ inference: { remotes: [remote] } })).to.match(
      /inference\.remotes\.0\.pipelines\.0: .*"ncct-haemorrhage"/,
    );
    const rule = { name: 'x', when: {}, pipeline: 'tof-patch' };
    expect(faultOf({ rules: [{ ...rule, pipeline: 'tof' }] })).to.match(/rules\.0\.pipeline: .*"tof-patch"/);
    expect(faultOf({ rules: [{ ...rule, alsoPipelines: ['tof'] }] })).to.match(/rules\.0\.alsoPipelines\.0/);
    expect(faultOf({ rules: [{ ...rule, when: { slices: { min: 90, max: 20 } } }] })).to.match(
      /rules\.0\.when\.slices: min is larger than max/,
    );
    expect(faultOf({ dicom: { callers: [{ aeTitle: 'MR1', host: 'mr1.hospital' }] } })).to.match(
      /dicom\.callers\.0\.host: an IP address/,
    );
    expect(faultOf({ series: { quietPeriodSeconds: 0 } })).to.match(/series\.quietPeriodSeconds: /);
  });

  it('knows every pipeline that there is a bundle for', async () => {
    const shipped = await listBundles(shippedBundles);
    const pipelines = shipped.flatMap((one) => (one.kind === 'bundle' ? [one.bundle.manifest.pipeline] : []));
    const rules = pipelines.map((pipeline) => ({ name: pipeline, when: {}, pipeline }));
    expect(rules).to.have.length(4);
    expect(faultOf({ rules })).to.equal('none');
  });

  it('takes AE titles without the spaces around them, as they come over the network', () => {
    const callers = [
      { aeTitle: 'MR1 ', host: '10.0.0.7' },
      { aeTitle: ' CT1', host: '2001:db8::1' },
    ];
    const config = parseConfig({ node: { aeTitle: 'WILLIS ' }, dicom: { callers } }, 'test');
    expect(config.node.aeTitle).to.equal('WILLIS');
    expect(config.dicom.callers.map(({ aeTitle }) => aeTitle)).to.deep.equal(['MR1', 'CT1']);
    expect(faultOf({ node: { aeTitle: '   ' } })).to.match(/node\.aeTitle/);
  });

  it('doubts what is possible but hardly meant, and nothing of what it ships', () => {
    const pacs = { name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104 };
    const rule = { name: 'TOF', when: { modality: 'MR' }, pipeline: 'tof-patch', sendTo: ['pacs'] };
    const doubts = (value: object): readonly string[] => doubtsOf(parseConfig(value, 'test'));
    expect(doubts({})).to.deep.equal([]);
    expect(doubts({ destinations: [pacs] })).to.deep.equal([]);
    expect(doubts({ destinations: [pacs], rules: [rule, { ...rule, name: 'T1', sendTo: [] }] })[0]).to.match(
      /^The rule "T1" sends nowhere/,
    );
    const shadow = { ...rule, name: 'T1', sendTo: [], shadow: true };
    expect(doubts({ destinations: [pacs], rules: [rule, shadow] })).to.deep.equal([]);
    expect(doubts({ destinations: [pacs], rules: [{ ...rule, name: 'all', when: {} }, rule] })).to.deep.equal(
      [
        'The rule "TOF" comes after "all", which takes every series: it takes none. Put it before, or give "all" conditions.',
      ],
    );
    expect(doubts({ destinations: [pacs, { ...pacs, name: 'b' }], rules: [rule] })).to.deep.equal([
      'The destination "b" gets nothing: no rule names it in its sendTo.',
    ]);
    const bundles = { 'ncct-haemorrhage': 'ncct-haemorrhage-phantom@0.1.1' };
    expect(doubts({ destinations: [pacs], rules: [rule], inference: { bundles } })).to.deep.equal([
      'inference.bundles names "ncct-haemorrhage", which no rule runs.',
    ]);
  });

  it('gives every destination its fallbacks, and takes other ones kind by kind', () => {
    const pacs = {
      name: 'pacs',
      aeTitle: 'PACS',
      host: 'h',
      port: 104,
      fallbacks: { sr: ['sr-basic-text'], heatmap: [] },
    };
    const cloud = { name: 'cloud', type: 'stow-rs', url: 'https://archive.example/dicom-web' };
    const [first, second] = parseConfig({ destinations: [pacs, cloud] }, 'test').destinations;
    expect(first!.fallbacks).to.deep.include({ sr: pacs.fallbacks.sr, heatmap: pacs.fallbacks.heatmap });
    expect(first!.fallbacks['heatmap-multiframe']).to.deep.equal(['heatmap']);
    expect(second).to.include({ type: 'stow-rs', url: cloud.url });
    expect(second!.fallbacks.sr).to.deep.equal(['sr-comprehensive', 'sr-basic-text']);
  });

  it('tells what is wrong with a destination', () => {
    const fault = (changes: object): string =>
      faultOf({ destinations: [{ name: 'pacs', aeTitle: 'PACS', host: 'h', port: 104, ...changes }] });
    expect(fault({ results: ['film'] })).to.match(/destinations\.0\.results\.0: Invalid option/);
    expect(fault({ fallbacks: { film: ['sr'] } })).to.match(/destinations\.0\.fallbacks/);
    expect(fault({ tls: { cert: 'a.pem' } })).to.match(/destinations\.0\.tls: cert and key go together/);
    expect(fault({ url: 'http://x' })).to.match(/destinations\.0: Unrecognized key: "url"/);
    expect(faultOf({ destinations: [{ name: 'w', type: 'stow-rs', url: 'ftp://x' }] })).to.match(
      /destinations\.0\.url/,
    );
  });
});
