import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { shippedRules } from '../src/config/shipped-rules.ts';
import { startNodeProcess, untilTrue, type NodeProcess } from '../test/support/node-process.ts';
import { ctInstances, headWith } from '../test/support/cta-phantom.ts';
import { headCtFolder, sampleFolder, writeDatasets } from '../test/support/sample.ts';
import { sharedData } from '../test/support/shared-data.ts';
import { startOrthanc, type Orthanc } from './support/orthanc.ts';
import { needs, needsRealImages, run, runPython } from './support/tools.ts';

interface OrthancSeries {
  readonly MainDicomTags: { readonly Modality?: string; readonly SeriesDescription?: string };
  readonly Instances: readonly string[];
}

const sac = { centre: [8, -6, 4] as const, radius: 3, hu: 380 };
const vessels = [
  { x: 8, y: -9, radius: 1.4, hu: 380 },
  { x: -10, y: -18, radius: 3.2, hu: 380 },
];

describe('a hospital: DCMTK scanners, Willis, Orthanc', function () {
  this.timeout(400_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-hospital-'));
  let orthanc: Orthanc;
  let node: NodeProcess;

  before(async function () {
    needs(this, 'storescu', 'echoscu', 'Orthanc', 'python');
    orthanc = await startOrthanc(path.join(folder, 'orthanc'));
    const destinations = [{ name: 'pacs', aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort }];
    const rules = shippedRules(['pacs']).map((rule) => ({ ...rule, shadow: false }));
    node = await startNodeProcess(folder, { destinations, rules });
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    await orthanc[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const series = async (): Promise<readonly OrthancSeries[]> =>
    (await orthanc.get('/series?expand')) as readonly OrthancSeries[];
  const named = async (description: RegExp): Promise<readonly OrthancSeries[]> =>
    (await series()).filter((one) => description.test(one.MainDicomTags.SeriesDescription ?? ''));
  const storescu = (...args: readonly string[]): string =>
    run('storescu', [
      '-v',
      '-aec',
      'WILLIS',
      ...args.slice(0, -1),
      '127.0.0.1',
      String(node.port),
      '+sd',
      '+r',
      args.at(-1)!,
    ]).output;

  it('echoscu gets its answer', () => {
    expect(run('echoscu', ['-v', '-aec', 'WILLIS', '127.0.0.1', String(node.port)]).output).to.match(
      /Received Echo Response \(Success\)/,
    );
  });

  it('storescu -> node -> Orthanc: summary, heatmap and SR arrive, and Orthanc shows the pictures', async () => {
    expect(storescu('--propose-jls-lossless', sampleFolder)).to.match(/Received Store Response \(Success\)/);
    await untilTrue(
      async () => (await series()).reduce((sum, one) => sum + one.Instances.length, 0) >= 92,
      90_000,
      () => node.log(),
    );
    const [summary] = await named(/Willis summary/);
    const [heatmap] = await named(/Willis heatmap/);
    const [report] = await named(/Willis report/);
    expect([summary?.Instances.length, heatmap?.Instances.length, report?.Instances.length]).to.deep.equal([
      1, 90, 1,
    ]);
    for (const instance of [summary!.Instances[0]!, heatmap!.Instances[40]!]) {
      expect(await orthanc.head(`/instances/${instance}/preview`)).to.deep.equal({
        status: 200,
        type: 'image/png',
      });
    }
  });

  it('a head CT comes back with haemorrhages, a CT angiogram with aneurysm candidates, each a report and a heatmap a slice', async () => {
    const angiogram = path.join(folder, 'cta');
    await writeDatasets(ctInstances(headWith([sac], ...vessels)), angiogram);
    const heatmaps = async (): Promise<readonly OrthancSeries[]> => await named(/Willis heatmap/);
    const has = async (slices: number): Promise<boolean> =>
      (await heatmaps()).some(({ Instances }) => Instances.length === slices);
    storescu('--propose-jls-lossless', headCtFolder);
    storescu(angiogram);
    await untilTrue(
      async () => (await has(30)) && (await has(128)),
      180_000,
      () => node.log().slice(-3000),
    );
    expect((await named(/Willis report/)).length).to.be.at.least(2);
    expect(node.log()).to.match(/"pipeline":"ncct-haemorrhage".*"state":"findings"/);
    expect(node.log()).to.match(/"pipeline":"cta-resnet".*"state":"(no-)?findings"/);
    const frame = (await heatmaps()).find(({ Instances }) => Instances.length === 30)!.Instances[12]!;
    expect(await orthanc.head(`/instances/${frame}/preview`)).to.deep.equal({
      status: 200,
      type: 'image/png',
    });
  });

  it('pynetdicom sends and is answered', () => {
    const files = readdirSync(sampleFolder)
      .filter((name) => name.endsWith('.dcm'))
      .slice(0, 3)
      .map((name) => path.join(sampleFolder, name));
    expect(runPython('store.py', String(node.port), ...files).trim()).to.equal('0x0000 0x0000 0x0000');
  });

  for (const data of ['dicom_conformance', 'sr_seg_sc']) {
    it(`${data}: whatever is in it, nothing crashes and each series ends with a reason`, async function () {
      needsRealImages(this);
      const before_ = node.log().length;
      storescuEach(path.join(sharedData, data));
      await untilTrue(
        () => unjudged(node) === 0,
        120_000,
        () => `${unjudged(node)} series without an end:\n${node.log().slice(-2000)}`,
      );
      const log = node.log().slice(before_);
      expect(log).to.not.match(/uncaught|unhandled/i);
      expect(run('echoscu', ['-v', '-aec', 'WILLIS', '127.0.0.1', String(node.port)]).output).to.match(
        /Success/,
      );
      expect(log, 'nothing of it is analysed').to.not.match(/"state":"(findings|no-findings)"/);
    });
  }

  /** dcmsend proposes what each file needs; odd files that DCMTK itself cannot read are left out by it. */
  function storescuEach(place: string): void {
    run('dcmsend', ['-v', '+sd', '+r', '-aec', 'WILLIS', '--no-halt', '127.0.0.1', String(node.port), place]);
  }
});

/** Series that still wait for a judgement or an analysis. */
function unjudged(node: NodeProcess): number {
  return Number(runPython('unjudged.py', path.join(node.dataDir, 'index.sqlite')).trim());
}
