import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { bundleFor, loadBundle, openEngine, type BundleOf } from '../../src/inference/index.ts';
import { tofCoarseFineManifest } from '../../src/inference/manifests/tof-coarse-fine.ts';
import { tofPatchManifest } from '../../src/inference/manifests/tof-patch.ts';
import { runPipeline, type PipelineOutput } from '../../src/pipelines/index.ts';
import { prepare as prepareFine } from '../../src/pipelines/tof-coarse-fine/prepare.ts';
import { prepare } from '../../src/pipelines/tof-patch/prepare.ts';
import { loadVolume, toLpsOrientation, type Resampling, type Volume } from '../../src/volume/index.ts';
import { sampleInstances, sampleTruth } from '../support/sample.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');

interface Loose {
  readonly preprocessing: Readonly<Record<string, unknown>>;
}

describe('resampling as a bundle asks for it', function () {
  this.timeout(120_000);
  const read = (name: string): Loose =>
    JSON.parse(readFileSync(path.join(models, name, 'model.json'), 'utf8')) as Loose;
  const asking = (manifest: Loose, how: object): unknown => ({
    ...manifest,
    preprocessing: { ...manifest.preprocessing, ...how },
  });
  let head: Volume;
  before(async () => {
    const { volume } = await loadVolume(sampleInstances());
    head = toLpsOrientation(volume);
  });

  for (const [name, schema] of [
    ['tof-patch', tofPatchManifest],
    ['tof-coarse-fine', tofCoarseFineManifest],
  ] as const)
    it(`${name}: linear and no low-pass as shipped; a word it does not know is refused by name`, () => {
      const { interpolation, antiAlias } = schema.parse(read(name)).preprocessing;
      expect({ interpolation, antiAlias }).to.deep.equal({ interpolation: 'linear', antiAlias: false });
      for (const [key, value] of [
        ['interpolation', 'lanczos'],
        ['antiAlias', 'yes'],
      ] as const) {
        const refused = schema.safeParse(asking(read(name), { [key]: value }));
        expect(refused.error?.issues.map((issue) => issue.path.join('.'))).to.deep.equal([
          `preprocessing.${key}`,
        ]);
      }
    });

  it('both pipelines on TOF-MRA prepare their image by it', () => {
    const seen = (how: Partial<Resampling>): readonly Float32Array[] => [
      prepare(head, tofPatchManifest.parse(asking(read('tof-patch'), how)).preprocessing).image.data,
      prepareFine(head, tofCoarseFineManifest.parse(asking(read('tof-coarse-fine'), how)).preprocessing).image
        .data,
    ];
    const shipped = seen({});
    for (const how of [
      { interpolation: 'cubic' },
      { interpolation: 'nearest' },
      { antiAlias: true },
    ] as const)
      for (const [index, data] of seen(how).entries()) {
        expect(data.length).to.equal(shipped[index]!.length);
        // the grid of tof-coarse-fine is finer than the sample: there is nothing to take away before it
        const finer = index === 1 && 'antiAlias' in how;
        expect(data.some((value, voxel) => value !== shipped[index]![voxel])).to.equal(!finer);
      }
  });

  it('a network asked for behind another resampling runs, and still finds the aneurysms of the sample where they are', async () => {
    const shipped = bundleFor(await loadBundle(path.join(models, 'tof-patch')), 'tof-patch');
    await using engine = openEngine({ providers: ['cpu'], threads: 2 });
    const run = async (how: Partial<Resampling>): Promise<PipelineOutput> => {
      const manifest = tofPatchManifest.parse(asking(read('tof-patch'), how));
      const bundle: BundleOf<'tof-patch'> = { ...shipped, manifest };
      const input = { ...(await loadVolume(sampleInstances())), seriesInstanceUid: '2.25.5' };
      return await runPipeline('tof-patch', { ...input, volume: head, contrastAgent: null }, bundle, engine);
    };
    const { findings } = await run({ interpolation: 'cubic', antiAlias: true });
    for (const { centreLpsMm } of sampleTruth().aneurysms) {
      const off = findings.findings.map((one) =>
        one.centreLpsMm === null
          ? Infinity
          : Math.hypot(...one.centreLpsMm.map((value, axis) => value - centreLpsMm[axis]!)),
      );
      expect(Math.min(...off)).to.be.below(3);
    }
  });
});
