import { expect } from 'chai';
import { configJsonSchema, parseConfig, resultKinds } from '../../src/config/index.ts';
import { WillisError } from '../../src/errors.ts';

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
      faultOf({ rules: [{ name: 'x', when: { text: '(' }, pipeline: 'p', sendTo: ['nowhere'] }] }),
    ).to.match(/rules\.0\.when\.text: not a regular expression/);
    expect(faultOf({ rules: [{ name: 'x', when: {}, pipeline: 'p', sendTo: ['nowhere'] }] })).to.match(
      /"nowhere" is not a destination/,
    );
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
