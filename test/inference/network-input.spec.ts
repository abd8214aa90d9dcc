import { expect } from 'chai';
import { listBundles, networkInputOf } from '../../src/inference/index.ts';

describe('what a network sees around a place', () => {
  it('is the 32 mm of the shipped patch networks, 24 mm to outline, and whole slices for haemorrhages', async () => {
    const listed = await listBundles('models');
    const widths = listed.flatMap((one) => {
      if (one.kind === 'refused') return [];
      const { manifest } = one.bundle;
      const input = networkInputOf(manifest);
      return [[manifest.pipeline, input === null ? null : input.voxels[0] * input.spacingMm] as const];
    });
    expect(Object.fromEntries(widths)).to.deep.equal({
      'cta-resnet': 32,
      'ncct-haemorrhage': null,
      'tof-coarse-fine': 24,
      'tof-patch': 32,
    });
  });

  it("is as wide as the crop that the manifest of the CT angiography's network states", async () => {
    for (const one of await listBundles('models')) {
      if (one.kind === 'refused' || one.bundle.manifest.pipeline !== 'cta-resnet') continue;
      const { cropMm } = one.bundle.manifest.preprocessing;
      const { voxels, spacingMm } = networkInputOf(one.bundle.manifest)!;
      expect(voxels[0] * spacingMm).to.equal(cropMm);
    }
  });
});
