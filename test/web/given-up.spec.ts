import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { expendableStudies, openDatabase, type Database } from '../../src/archive/index.ts';
import type { Overview, SeriesDetail, Settings } from '../../src/web/contract.ts';
import { untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

describe('work that was given up', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-given-up-'));
  const rule = { name: 'MR', when: { modality: 'MR' }, pipeline: 'tof-patch', sendTo: ['gone'] };
  const gone = { name: 'gone', aeTitle: 'GONE', host: '127.0.0.1', port: 9 };
  let web: WebNode;
  let admin: WebClient;
  /** The index of the running node. */
  let index: Database;
  let dead = 0;

  before(async () => {
    web = await startWebNode(folder, { rules: [rule], destinations: [gone] });
    admin = await web.setUpAdmin();
    // too few images to be analysed: reported at once, to a destination that is not there
    await sendFiles(sampleFiles().slice(0, 5), web.node.dicomPort, 'MR1');
    index = openDatabase(path.join(folder, 'data', 'index.sqlite'), 'none');
    const waiting = index.selectFrom('job').select('id').where('kind', '=', 'deliver:gone');
    await untilTrue(
      async () =>
        (await waiting.where('state', '=', 'available').where('attempt', '>', 0).execute()).length > 0,
      40_000,
      () => 'no delivery was tried',
    );
    const { id } = await waiting.executeTakeFirstOrThrow();
    dead = id;
    await index
      .updateTable('job')
      .set({ state: 'dead', finished_at: 1, last_error: 'GIVEN_UP: <script>' })
      .where('id', '=', dead)
      .execute();
  });
  after(async () => {
    await index.destroy();
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const configure = async (changes: object): Promise<void> => {
    const { value, sha256 } = await admin.get<Settings>('/api/settings');
    const body = { settingsSha256: sha256, value: { ...value, ...changes } };
    expect((await admin.request('PUT', '/api/settings', { body })).status).to.equal(204);
  };
  const overview = async (): Promise<Overview> => await admin.get<Overview>('/api/overview');
  const given = async (): Promise<number> =>
    (await overview()).jobs.reduce((sum, { dead: count }) => sum + count, 0);
  const post = async (what: string): Promise<number> =>
    (await admin.request('POST', `/api/jobs/${dead}/${what}`)).status;
  const step = async (): Promise<SeriesDetail['path'][number] | undefined> =>
    (await admin.get<SeriesDetail>('/api/series/1')).path.find(({ jobId }) => jobId === dead);
  const expendable = async (): Promise<number> =>
    (await expendableStudies(index, Date.now() + 1000, { limit: 10 })).length;

  it('is shown with its reason, and holds its study back from being deleted', async () => {
    expect((await overview()).failures).to.deep.include.members([
      { ...(await overview()).failures[0]!, jobId: dead, error: 'GIVEN_UP: <script>' },
    ]);
    expect(await given()).to.equal(1);
    expect(await expendable()).to.equal(0);
  });

  it('put away, it troubles nobody any more, and its series still says what happened', async () => {
    expect(await post('put-away')).to.equal(204);
    expect((await overview()).failures).to.deep.equal([]);
    expect(await given()).to.equal(0);
    expect(await expendable()).to.equal(1);
    expect(await step()).to.deep.include({ state: 'stopped', canRetry: true });
    expect((await step())!.detail).to.match(/GIVEN_UP.*put away by an administrator/);
    const audit = await admin.get<{ who: string; action: string; object: string }[]>('/api/audit');
    expect(audit[0]).to.deep.include({ who: 'Admin', action: 'job put away', object: 'deliver:gone:1' });
    expect(await post('put-away')).to.equal(409);
  });

  it('can be tried again even then', async () => {
    expect(await post('retry')).to.equal(202);
    const delivery = (await admin.get<SeriesDetail>('/api/series/1')).path.at(-1)!;
    expect(delivery).to.deep.include({ stage: 'delivered', canRetry: false });
    expect(delivery.state).to.not.equal('stopped');
    expect(await expendable()).to.equal(0);
    expect(await post('put-away')).to.equal(409);
  });

  it('what waits for a destination that was taken out is shown, and goes on when that comes back', async () => {
    await configure({ destinations: [], rules: [] });
    const waits = async (): Promise<Overview['failures'][number] | undefined> =>
      (await overview()).failures.find(({ canRetry }) => !canRetry);
    await untilTrue(
      async () => (await waits()) !== undefined,
      40_000,
      () => 'nothing says that work waits',
    );
    expect(await waits()).to.include({ kind: 'deliver:gone', key: 'deliver:gone (1 waits)' });
    expect((await waits())!.error).to.match(/^JOB_KIND_UNKNOWN: Nothing runs "deliver:gone" jobs now/);
    const delivery = (await admin.get<SeriesDetail>('/api/series/1')).path.at(-1)!;
    expect(delivery).to.include({ stage: 'delivered', state: 'failed' });
    expect(delivery.detail).to.match(/JOB_KIND_UNKNOWN/);
    const ready = (await admin.get<{ jobsNobodyRuns: number }>('/ready')).jobsNobodyRuns;
    expect(ready).to.equal(1);
    await configure({ destinations: [gone], rules: [rule] });
    await untilTrue(
      async () => (await waits()) === undefined,
      10_000,
      () => 'it still waits for nobody',
    );
    expect(await expendable()).to.equal(0);
  });
});
