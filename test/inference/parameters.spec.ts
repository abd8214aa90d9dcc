import { expect } from 'chai';
import { findingThreshold, listBundles, parametersOf, withParameters } from '../../src/inference/index.ts';
import { shippedBundles } from '../../src/node.ts';

const bundles = (await listBundles(shippedBundles)).map((entry) => {
  if (entry.kind === 'refused') throw entry.error;
  return entry.bundle;
});

describe('parameters of a bundle', () => {
  for (const bundle of bundles) {
    it(`of ${bundle.identity.id} can each be changed, and nothing else changes with it`, () => {
      const known = parametersOf(bundle.manifest);
      expect(Object.keys(known)).to.not.have.length(0);
      for (const [name, value] of Object.entries(known)) {
        const wanted = Number.isInteger(value) && value > 1 ? value + 1 : value / 2 + 0.01;
        const changed = withParameters(bundle, { [name]: wanted });
        expect(parametersOf(changed.manifest), name).to.deep.equal({ ...known, [name]: wanted });
        expect(changed.identity.version).to.match(/\+changed$/);
      }
      expect(parametersOf(bundle.manifest)).to.deep.equal(known);
      expect(withParameters(bundle, known)).to.equal(bundle);
    });
  }

  const haemorrhage = bundles.find(({ manifest }) => manifest.pipeline === 'ncct-haemorrhage')!;

  it('has one threshold a subtype of haemorrhage', () => {
    const changed = withParameters(haemorrhage, { 'operatingPoint.thresholds.subdural': 0.123 });
    expect(findingThreshold(changed.manifest, 'subdural')).to.equal(0.123);
    expect(findingThreshold(changed.manifest, 'epidural')).to.equal(
      findingThreshold(haemorrhage.manifest, 'epidural'),
    );
  });

  it('refuses what is no parameter, and a value that is no probability', () => {
    const names = ['operatingPoint.thresholds', 'operatingPoint.thresholds.0', 'network.file', 'constructor'];
    for (const name of [...names, '__proto__', ''])
      expect(() =>
        withParameters(haemorrhage, JSON.parse(`{${JSON.stringify(name)}: 0.5}`) as Record<string, number>),
      ).to.throw(/PARAMETER_INVALID|has no such parameter/);
    expect(() => withParameters(haemorrhage, { 'operatingPoint.thresholds.any': 1.5 })).to.throw(
      /cannot be used/,
    );
  });
});
