import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { analyseSeries } from '../../src/analysis/analyse-series.ts';
import { nameSite, siteClasses } from '../../src/findings/index.ts';
import { loadHelperModels, openEngine, type Engine, type SiteModel } from '../../src/inference/index.ts';
import { siteProbabilities } from '../../src/pipelines/sites.ts';
import { indexToLps, resampleIsotropic, type Volume } from '../../src/volume/index.ts';
import { straightAt } from '../support/midsagittal.ts';
import { sampleFiles, sampleTruth } from '../support/sample.ts';

const models = path.join(import.meta.dirname, '..', '..', 'models');

interface Golden {
  readonly file: string;
  readonly shape: readonly [number, number, number];
  readonly places: readonly {
    readonly centreVoxel: readonly [number, number, number];
    readonly leftMm: number;
    readonly probability: readonly number[];
    readonly named: string | null;
  }[];
}

describe('the model that names arteries', function () {
  this.timeout(120_000);
  let model: SiteModel;
  let engine: Engine;
  let golden: Golden;
  let image: Volume;

  before(async () => {
    model = (await loadHelperModels(models)).siteModel!;
    engine = openEngine({ providers: ['cpu'], threads: 1 });
    const folder = path.join(model.folder, 'golden');
    golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as Golden;
    const [nz, ny, nx] = golden.shape;
    image = {
      size: [nx, ny, nz],
      spacingMm: [1, 1, 1],
      originLpsMm: [-31.25, 12.5, -40],
      directions: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      data: Float32Array.from(readFileSync(path.join(folder, golden.file)), (value) => value / 255),
    };
  });
  after(async () => await engine[Symbol.asyncDispose]());

  async function answer(
    place: Golden['places'][number],
    seen: Volume,
    index = place.centreVoxel,
  ): Promise<readonly number[]> {
    const centre = indexToLps(seen, index);
    return await siteProbabilities(
      centre,
      { image: seen, midsagittal: straightAt(centre[0] - place.leftMm) },
      { model, engine },
    );
  }

  it('answers as the kit does, and names what the kit names', async () => {
    const { threshold } = model.manifest.naming;
    for (const place of golden.places) {
      const found = await answer(place, image);
      found.forEach((value, index) => expect(value).to.be.closeTo(place.probability[index]!, 1e-3));
      const centreLpsMm = indexToLps(image, place.centreVoxel);
      const site = nameSite(
        found,
        { centreLpsMm, midsagittal: straightAt(centreLpsMm[0] - place.leftMm) },
        threshold,
      );
      const wanted = siteClasses.find(({ name }) => name === place.named)?.site ?? null;
      if (wanted === null) expect(site.value).to.equal('88556005');
      else expect({ ...site, laterality: null }).to.deep.equal({ ...wanted, laterality: null });
    }
    expect(golden.places.filter(({ named }) => named !== null).length).to.be.greaterThan(2);
  });

  it('answers for the mirrored head with the sides swapped', async () => {
    const [nx] = image.size;
    const data = image.data.map((_, index) => image.data[index - (index % nx) + nx - 1 - (index % nx)]!);
    const names = siteClasses.map(({ name }) => name);
    const other = names.map((name) =>
      names.indexOf(name.startsWith('Left') ? name.replace('Left', 'Right') : name.replace('Right', 'Left')),
    );
    for (const place of golden.places) {
      const [x, y, z] = place.centreVoxel;
      const here = await answer(place, image);
      const there = await answer({ ...place, leftMm: -place.leftMm }, { ...image, data }, [nx - 1 - x, y, z]);
      there.forEach((value, index) => expect(value).to.be.closeTo(here[other[index]!]!, 1e-4));
    }
  });

  it('answers much the same on the grids of the other pipelines', async () => {
    for (const spacing of [0.5, 0.8]) {
      const finer = resampleIsotropic(image, spacing);
      for (const place of golden.places.filter(({ named }) => named !== null)) {
        const index = place.centreVoxel.map((value) => value / spacing) as [number, number, number];
        const [one, two] = [await answer(place, image), await answer(place, finer, index)];
        const best = one.indexOf(Math.max(...one));
        expect(two[best]).to.be.closeTo(one[best]!, 0.1);
      }
    }
  });

  it('a broken one is refused by name, a missing one is none', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-sites-'));
    try {
      expect(await loadHelperModels(folder)).to.deep.equal({ siteModel: null, headModel: null });
      cpSync(model.folder, path.join(folder, 'artery-sites'), { recursive: true });
      expect((await loadHelperModels(folder)).siteModel!.identity).to.deep.equal(model.identity);
      const file = path.join(folder, 'artery-sites', 'sites.json');
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as { classes: string[] };
      writeFileSync(file, JSON.stringify({ ...manifest, classes: manifest.classes.toReversed() }));
      const error = await loadHelperModels(folder).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'BUNDLE_INVALID' });
      expect((error as Error).message).to.match(/"artery-sites".*classes: must be Left Infraclinoid/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the arteries of the shipped sample's aneurysms", function () {
  this.timeout(240_000);

  it('are told in findings and report; without the model, the side alone', async () => {
    const engine = openEngine({ providers: ['cpu'], threads: 2 });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-named-'));
    const task = {
      ...{ paths: sampleFiles(), pipeline: 'tof-patch', reason: null, inputSha256: 'd'.repeat(64) },
      ...{ version: 1, supersedes: null, completeness: '90 slices', kinds: ['sr-basic-text'] as const },
      ...{ createdAtMs: 0, softwareVersion: '0.1.0' },
    };
    try {
      const bundleFolder = path.join(models, 'tof-patch');
      const { findings } = await analyseSeries(
        { ...task, bundleFolder, folder: path.join(folder, 'named') },
        engine,
      );
      for (const truth of sampleTruth().aneurysms) {
        const finding = findings.findings.find(
          (one) =>
            one.centreLpsMm !== null &&
            Math.hypot(...one.centreLpsMm.map((value, axis) => value - truth.centreLpsMm[axis]!)) <
              truth.diameterMm,
        )!;
        expect(finding).to.have.nested.property('site.value', codesOf[truth.site]);
        expect(finding).to.have.nested.property('site.laterality', truth.side);
      }
      const report = readFileSync(path.join(folder, 'named', 'sr-basic-text-0001.dcm'), 'latin1');
      expect(report).to.include('Arteries named by: artery-sites-phantom');

      cpSync(bundleFolder, path.join(folder, 'alone', 'tof-patch'), { recursive: true });
      const alone = await analyseSeries(
        {
          ...task,
          bundleFolder: path.join(folder, 'alone', 'tof-patch'),
          folder: path.join(folder, 'general'),
        },
        engine,
      );
      for (const one of alone.findings.findings)
        expect(one).to.have.nested.property('site.value', '88556005');
      expect(alone.findings.sitesBy).to.equal(undefined);
      const plain = readFileSync(path.join(folder, 'general', 'sr-basic-text-0001.dcm'), 'latin1');
      expect(plain).to.include('Arteries were not named');
    } finally {
      await engine[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** By the phantom's word for the site. */
const codesOf: Readonly<Record<string, string>> = {
  ACom: '8012006',
  ACA: '60176003',
  MCA: '17232002',
  PCom: '43119007',
  'supraclinoid ICA': '86117002',
  'infraclinoid ICA': '86117002',
  'basilar tip': '59011009',
  'other posterior': '88556005',
};
