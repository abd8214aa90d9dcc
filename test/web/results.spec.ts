import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Overview, SeriesDetail, StudyPage } from '../../src/web/contract.ts';
import { untilTrue } from '../support/node-process.ts';
import { sampleDatasets, sampleFiles, sampleTruth, writeDatasets } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { startTestPacs, type TestPacs } from '../support/test-pacs.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

describe('web results', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-results-'));
  let web: WebNode;
  let pacs: TestPacs;
  let admin: WebClient;
  let reader: WebClient;
  const series = async (): Promise<SeriesDetail> => await admin.get<SeriesDetail>('/api/series/1');
  const delivered = async (count: number): Promise<void> => {
    await untilTrue(
      () => pacs.arrivals.length >= count,
      60_000,
      () => `the PACS got ${pacs.arrivals.length} of ${count} objects`,
    );
  };

  before(async () => {
    pacs = await startTestPacs(path.join(folder, 'pacs'));
    const destination = { name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port };
    // this build has no CUDA: the page must say that something else ran
    web = await startWebNode(folder, {
      destinations: [destination],
      inference: { providers: ['cuda', 'cpu'], threads: 2 },
    });
    admin = await web.setUpAdmin();
    reader = await web.addReader(admin);
    await sendFiles(sampleFiles(), web.node.dicomPort, 'MR1');
    await delivered(92);
    await untilTrue(
      async () => (await series()).path.at(-1)?.state === 'done',
      10_000,
      () => 'the delivery is not told as done',
    );
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    await pacs[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('tell the path of a series step by step', async () => {
    const { path: steps, caller, instances } = await series();
    expect([caller, instances]).to.deep.equal(['MR1', 90]);
    expect(steps.map(({ stage, state }) => `${stage} ${state}`)).to.deep.equal([
      'received done',
      'judged done',
      'analysed done',
      'delivered done',
    ]);
    expect(steps[1]!.title).to.contain('TOF-MRA of the head');
    expect(steps[3]!.title).to.equal('92 objects stored by pacs');
  });

  it('count what the peers saw', async () => {
    const metrics = (await admin.request('GET', '/metrics')).text;
    expect(metrics).to.contain('willis_instances_total{outcome="stored",from="dicom"} 90');
    expect(metrics).to.contain('willis_delivered_total{destination="pacs"} 92');
    expect(metrics).to.contain('willis_analyses_total{pipeline="tof-patch",state="findings"} 1');
    const overview = await admin.get<Overview>('/api/overview');
    expect(overview.instancesPerMinute.reduce((sum, count) => sum + count, 0)).to.equal(90);
    expect(overview.doorToResult).to.have.length(1);
    expect(overview.providers).to.deep.equal(['cuda', 'cpu']);
    expect(overview.ranLastOn).to.match(/^cuda$|^cpu \(cuda: not available: .+\)$/);
    const ready = (await web.client().request('GET', '/ready')).json();
    expect(ready).to.include({ status: 'ready', ranLastOn: overview.ranLastOn!.split(' ')[0] });
    expect(ready).to.have.property('computesOn').that.deep.equals(['cuda', 'cpu']);
  });

  it('give the volume and the map as NIfTI, in the patient where the findings lie', async () => {
    const bytes = async (url: string): Promise<Buffer> => {
      const headers = { cookie: reader.cookie, 'user-agent': 'test browser' };
      return Buffer.from(await (await fetch(web.url + url, { headers })).arrayBuffer());
    };
    const volume = await bytes('/api/series/1/volume.nii');
    expect([40, 42, 44, 46].map((at) => volume.readInt16LE(at))).to.deep.equal([3, 256, 256, 90]);
    expect(volume.toString('latin1', 344, 347)).to.equal('n+1');
    const map = gunzipSync(await bytes('/api/analyses/1/map.nii.gz'));
    const [nx, ny] = [map.readInt16LE(42), map.readInt16LE(44)];
    const voxels = map.subarray(352);
    const hottest = voxels.indexOf(Math.max(...chunkMaxima(voxels)));
    const index = [hottest % nx, Math.floor(hottest / nx) % ny, Math.floor(hottest / (nx * ny)), 1];
    const ras = [0, 1, 2].map((row) =>
      index.reduce((sum, value, column) => sum + value * map.readFloatLE(280 + (row * 4 + column) * 4), 0),
    );
    const lps = [-ras[0]!, -ras[1]!, ras[2]!];
    const distances = sampleTruth().aneurysms.map(({ centreLpsMm, diameterMm }) => {
      return Math.hypot(...centreLpsMm.map((value, axis) => value - lps[axis]!)) / diameterMm;
    });
    expect(Math.min(...distances)).to.be.lessThan(0.75);
  });

  it('take what a reader thinks, change it when he changes his mind, and export it', async () => {
    const say = async (body: object): Promise<number> =>
      (await reader.request('PUT', '/api/analyses/1/readings', { body })).status;
    expect(await say({ about: 'finding', finding: 1, opinion: 'agree' })).to.equal(204);
    expect(
      await say({ about: 'finding', finding: 1, opinion: 'disagree', comment: 'infundibulum' }),
    ).to.equal(204);
    expect(await say({ about: 'map', rating: 4 })).to.equal(204);
    expect(await say({ about: 'map', rating: 6 })).to.equal(400);
    expect(await say({ about: 'finding', finding: 9, opinion: 'agree' })).to.equal(404);
    const all = await reader.get<Record<string, unknown>[]>('/api/readings');
    expect(all).to.have.length(2);
    expect(all[0]).to.deep.include({
      finding: 1,
      opinion: 'disagree',
      reader: 'Reader',
      comment: 'infundibulum',
    });
    expect(all[0]!['about']).to.have.property('centreLpsMm');
    expect(JSON.stringify(all)).to.not.contain('PHANTOM-');
  });

  it('send again what the PACS lost', async () => {
    const body = { destination: 'pacs' };
    expect((await admin.request('POST', '/api/analyses/1/resend', { body })).status).to.equal(202);
    await delivered(184);
    expect(new Set(pacs.arrivals).size).to.equal(92);
  });

  it('make a new version that names the old one, when an administrator asks', async () => {
    const body = { rule: 'TOF-MRA of the head' };
    expect((await admin.request('POST', '/api/series/1/reprocess', { body })).status).to.equal(202);
    await delivered(276);
    const { analyses, state } = await series();
    expect(analyses.map(({ version }) => version)).to.deep.equal([2, 1]);
    expect(analyses[0]!.supersedesId).to.equal(analyses[1]!.id);
    expect(analyses[0]!.findings.length).to.equal(analyses[1]!.findings.length);
    expect(state).to.equal('findings');
    expect(new Set(pacs.arrivals).size).to.equal(184);
  });

  it('show hostile text as text, and find it', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const datasets = (await sampleDatasets()).slice(0, 2).map((dataset, index) => ({
      ...dataset,
      PatientName: `${evil}^"';--`,
      SeriesDescription: evil,
      StudyInstanceUID: '2.25.600',
      SeriesInstanceUID: '2.25.601',
      SOPInstanceUID: `2.25.60${index + 2}`,
    }));
    const outcomes = await sendFiles(
      await writeDatasets(datasets, path.join(folder, 'evil')),
      web.node.dicomPort,
    );
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['stored', 'stored']);
    const answer = await admin.request('GET', `/api/studies?search=${encodeURIComponent('onerror=alert')}`);
    expect(answer.headers.get('content-type')).to.match(/^application\/json/);
    expect((answer.json() as StudyPage).studies.map(({ patientName }) => patientName)).to.deep.equal([
      `${evil}^"';--`,
    ]);
  });
});

/** Maxima of pieces: the whole array is too long for one call. */
function chunkMaxima(voxels: Uint8Array): readonly number[] {
  const maxima: number[] = [];
  for (let at = 0; at < voxels.length; at += 10_000)
    maxima.push(Math.max(...voxels.subarray(at, at + 10_000)));
  return maxima;
}
