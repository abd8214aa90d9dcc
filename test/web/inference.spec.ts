import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { InferenceRun, StudyPage } from '../../src/web/contract.ts';
import { openBudget } from '../../src/web/inference/budget.ts';
import { unpack } from '../../src/web/inference/unpack.ts';
import { exported } from '../support/exported-bundle.ts';
import { freePort, untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { zipOf } from '../support/zip.ts';
import {
  readerPassword,
  startWebNode,
  type Answer,
  type WebClient,
  type WebNode,
} from '../support/web-node.ts';

describe('inference on uploaded files', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-inference-'));
  let web: WebNode;
  let admin: WebClient;

  before(async () => {
    web = await startWebNode(folder, {
      dicom: { host: '127.0.0.1', port: await freePort(), maxInstanceMegabytes: 20 },
      destinations: [{ name: 'nowhere', aeTitle: 'GONE', host: '127.0.0.1', port: 9 }],
    });
    admin = await web.setUpAdmin();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = async (
    files: readonly { name: string; bytes: Buffer }[],
    fields: Record<string, string> = {},
    client = admin,
  ): Promise<Answer> => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ pipeline: 'tof-patch', ...fields }))
      form.append(name, value);
    for (const { name, bytes } of files) form.append('files', new Blob([new Uint8Array(bytes)]), name);
    const request = new Request(web.url, { method: 'POST', body: form });
    const headers = { 'content-type': request.headers.get('content-type')! };
    return await client.request('POST', '/api/inference', {
      body: new Uint8Array(await request.arrayBuffer()),
      headers,
    });
  };
  const ended = async (): Promise<InferenceRun> => {
    const newest = async (): Promise<InferenceRun> => (await admin.get<InferenceRun[]>('/api/inference'))[0]!;
    await untilTrue(
      async () => (await newest()).state !== 'running',
      90_000,
      () => 'the run did not end',
    );
    return await newest();
  };
  const sample = (): { name: string; bytes: Buffer }[] =>
    sampleFiles().map((file) => ({ name: path.basename(file), bytes: readFileSync(file) }));

  it('finds in an archive what it finds in a routed series, and nothing of it is stored or sent', async () => {
    const zip = zipOf(
      [...sample(), { name: '../../../../etc/cron.d/evil', bytes: Buffer.from('no DICOM') }].map(
        (one) => one,
      ),
    );
    const answer = await send([{ name: 'study.zip', bytes: zip }]);
    // a name that climbs out of the folder makes the archive unreadable as a whole
    expect(answer.status).to.equal(400);
    expect((await send([{ name: 'study.zip', bytes: zipOf(sample()) }])).status).to.equal(202);
    const run = await ended();
    expect(run.state, run.said).to.equal('done');
    expect(run.series[0]).to.deep.include({ instances: 90, state: 'findings' });
    expect(run.series[0]!.findings).to.have.length(2);
    const picture = await admin.request('GET', `/api/inference/${run.id}/0/0`);
    expect(picture.headers.get('content-type')).to.equal('image/png');
    expect((await admin.get<StudyPage>('/api/studies')).studies).to.deep.equal([]);
    const { jobs } = await admin.get<{ jobs: { waiting: number; running: number }[] }>('/api/overview');
    expect(jobs.every(({ waiting, running }) => waiting + running === 0)).to.equal(true);
  });

  it('runs with changed parameters, says so in the version, and refuses those that are none', async () => {
    const parameters = JSON.stringify({ 'operatingPoint.findingThreshold': 1 });
    expect((await send(sample(), { parameters })).status).to.equal(202);
    const run = await ended();
    expect(run.series[0]).to.deep.include({ state: 'no-findings' });
    expect(run.series[0]!.bundle).to.match(/\+changed$/);
    await send(sample(), { parameters: '{"network.patchSize": 1}' });
    expect(await ended()).to.deep.include({ state: 'failed' });
    expect((await ended()).said).to.match(/PARAMETER_INVALID/);
    expect((await send(sample(), { parameters: 'oops' })).status).to.equal(400);
  });

  it('with an uploaded bundle names the arteries that the shipped one names', async () => {
    const own = exported('9.3.0');
    const zip = zipOf(Object.entries(own).map(([name, bytes]) => ({ name, bytes })));
    const added = await admin.request('POST', '/api/bundles', {
      body: new Uint8Array(zip),
      headers: { 'content-type': 'application/zip' },
    });
    expect(added.status, added.text).to.equal(201);
    const placesBy = async (fields: Record<string, string>): Promise<readonly string[]> => {
      expect((await send(sample(), fields)).status).to.equal(202);
      return (await ended()).series[0]!.findings.map(({ place }) => place);
    };
    const shipped = await placesBy({});
    const uploaded = await placesBy({ bundle: 'tof-patch-phantom@9.3.0' });
    expect(shipped.join(), 'the shipped bundle names an artery at all').to.match(/left|right/);
    expect(uploaded).to.deep.equal(shipped);
  });

  it('is for administrators, for forms, and for files that are DICOM', async () => {
    await admin.request('POST', '/api/users', {
      body: { name: 'Reader', role: 'reader', password: readerPassword },
    });
    const reader = web.client();
    await reader.login('Reader', readerPassword);
    expect((await send(sample().slice(0, 1), {}, reader)).status).to.equal(403);
    expect((await admin.request('POST', '/api/inference', { body: {} })).status).to.equal(415);
    expect((await send([])).status).to.equal(400);
    await send([{ name: 'letter.txt', bytes: Buffer.from('no DICOM at all') }]);
    expect((await ended()).said).to.match(/None of the files/);
    const broken = Buffer.from('PK\x03\x04 and no more');
    expect((await send([{ name: 'broken.zip', bytes: broken }])).status).to.equal(400);
    expect((await admin.request('GET', '/health')).status).to.equal(200);
    const left = readdirSync(path.join(folder, 'data', 'inference'));
    const known = (await admin.get<InferenceRun[]>('/api/inference')).map(({ id }) => id);
    expect(left.filter((name) => !known.includes(name))).to.deep.equal([]);
  });

  describe('a bomb', () => {
    const bomb = Buffer.alloc(60_000_000);
    const tryZip = async (bytes: Buffer, limits = { bytes: 20_000_000, files: 100 }): Promise<unknown> => {
      const place = mkdtempSync(path.join(folder, 'zip-'));
      const file = path.join(place, 'a.zip');
      writeFileSync(file, bytes);
      mkdirSync(path.join(place, 'out'));
      const error = await unpack(file, path.join(place, 'out'), openBudget(limits)).then(
        () => null,
        (fault: unknown) => fault,
      );
      const written = spawnSync('du', ['-sb', path.join(place, 'out')], { encoding: 'utf8' }).stdout;
      expect(Number(written.split('\t')[0])).to.be.lessThan(limits.bytes + 2_000_000);
      return error;
    };

    it('of one large file is cut off at the limit', async () => {
      const zip = zipOf([{ name: 'a', bytes: bomb }]);
      expect(zip.length).to.be.lessThan(100_000);
      expect(await tryZip(zip)).to.deep.include({ code: 'UPLOAD_TOO_LARGE' });
    });

    it('that claims to be small is not believed', async () => {
      expect(await tryZip(zipOf([{ name: 'a', bytes: bomb, claimedBytes: 1000 }]))).to.deep.include({
        code: 'REQUEST_INVALID',
      });
    });

    it('of many files is cut off at their number', async () => {
      const entries = Array.from({ length: 300 }, (_, index) => ({
        name: `f${index}`,
        bytes: Buffer.from('x'),
      }));
      expect(await tryZip(zipOf(entries))).to.deep.include({ code: 'UPLOAD_TOO_LARGE' });
    });

    it('inside an archive stays packed', async () => {
      const inner = zipOf([{ name: 'a', bytes: bomb }]);
      expect(await tryZip(zipOf([{ name: 'inner.zip', bytes: inner }]))).to.equal(null);
    });

    it('of an upload that is too large is refused, and the node lives on', async () => {
      const large = Array.from({ length: 30 }, (_, index) => ({
        name: `${index}.dcm`,
        bytes: Buffer.alloc(1_000_000),
      }));
      const status = await send(large).then(
        (answer) => answer.status,
        () => 0,
      );
      // the rest of it is not read: a client that does not listen while it sends sees its connection end
      expect(status).to.be.oneOf([413, 0]);
      // the client may still try connections that were ended
      let runs: readonly InferenceRun[] | undefined;
      await untilTrue(
        async () => {
          runs = await admin.get<InferenceRun[]>('/api/inference').catch(() => undefined);
          return runs !== undefined;
        },
        5000,
        () => 'the node does not answer any more',
      );
      expect(runs!.every(({ state }) => state !== 'running')).to.equal(true);
    });
  });
});
