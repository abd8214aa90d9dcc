import { expect } from 'chai';
import { parseConfig } from '../../src/config/index.ts';
import { bundleName, listBundles } from '../../src/inference/index.ts';
import { routesOf } from '../../src/node-routes.ts';
import type { ShelvedBundle } from '../../src/node-bundles.ts';
import { shippedBundles } from '../../src/node.ts';

describe('the routes of a configuration', () => {
  it('an uploaded bundle serves where it is named, with the helper models that were not uploaded', async () => {
    const shipped = (await listBundles(shippedBundles)).map((one) => ({ ...one, isUploaded: false }));
    const own = shipped.flatMap((one): ShelvedBundle[] => {
      if (one.kind !== 'bundle' || one.bundle.manifest.pipeline !== 'tof-patch') return [];
      const { bundle } = one;
      const manifest = { ...bundle.manifest, version: '9.9.9' };
      const identity = { ...bundle.identity, version: '9.9.9' };
      return [
        {
          kind: 'bundle',
          bundle: { ...bundle, manifest, identity, folder: '/elsewhere/own' },
          isUploaded: true,
        },
      ];
    });
    const name = own.map((one) => (one.kind === 'bundle' ? bundleName(one.bundle) : ''))[0]!;
    const config = parseConfig({ inference: { bundles: { 'tof-patch': name } } }, 'test');
    const route = routesOf(config, [...shipped, ...own]).get('TOF-MRA of the head');
    expect(route).to.include({ bundleFolder: '/elsewhere/own', helpersFolder: shippedBundles });
  });
});
