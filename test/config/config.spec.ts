import { expect } from 'chai';
import { configJsonSchema, parseConfig } from '../../src/config/index.ts';
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
    expect(config.rules.map(({ pipeline }) => pipeline)).to.deep.equal(['tof-patch']);
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

  it('prints a JSON Schema', () => {
    expect(configJsonSchema()).to.have.nested.property('properties.dicom.properties.port');
  });
});
