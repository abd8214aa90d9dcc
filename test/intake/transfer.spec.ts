import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import {
  assembleHandler,
  associationEnded,
  cutOffAll,
  Ingest,
  reprocessSeries,
  type AnalyseRequest,
  type AssociationEnd,
  type Judgement,
} from '../../src/intake/index.ts';
import type { Job, JobOutcome } from '../../src/jobs/index.ts';
import { sampleFiles, sampleInstances } from '../support/sample.ts';
import { takeFile } from '../support/take.ts';

const quietPeriodMs = 30_000;
const quietPeriodAfterReleaseMs = 5_000;
const retryPeriodMs = 300_000;
const longestSilenceMs = 600_000;
const rule = { name: 'TOF', when: { modality: 'MR' }, pipeline: 'tof-patch', sendTo: [] };

describe('a series whose sender has not said that it is done', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-transfer-'));
  const files = openFiles(folder, () => new Date());
  let database: Database;
  let ingest: Ingest;
  let clock = 0;
  const now = (): number => clock;

  before(() => mkdirSync(path.join(folder, 'instances')));
  beforeEach(() => {
    clock = 1_000_000;
    database = openDatabase(path.join(mkdtempSync(path.join(folder, 'index-')), 'index.sqlite'), 'none');
    ingest = new Ingest(database, files, { quietPeriodMs, now, onConflict: () => undefined });
  });
  afterEach(async () => await database.destroy());
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Slices of the sample, bottom to top, on one association. */
  const send = async (association: string, from: number, to: number): Promise<void> => {
    for (const original of sampleFiles().slice(from, to)) {
      const file = files.allocateInstance();
      copyFileSync(original, file);
      await takeFile(ingest, file, 'routed', association);
    }
  };
  const end = async (
    association: string,
    how: AssociationEnd['how'],
    missing: AssociationEnd['missing'] = [],
  ): Promise<void> =>
    await associationEnded(
      database,
      { association, how, missing },
      { now: clock, dueAt: clock + quietPeriodAfterReleaseMs },
    );
  const judge = async (): Promise<{ outcome: JobOutcome; judged: Judgement | undefined }> => {
    const { id } = await database.selectFrom('series').select('id').executeTakeFirstOrThrow();
    let judged: Judgement | undefined;
    const handler = assembleHandler(database, {
      ...{ quietPeriodMs, quietPeriodAfterReleaseMs, retryPeriodMs, longestSilenceMs, rules: [rule], now },
      listeningSince: () => 0,
      onJudged: (judgement) => (judged = judgement),
    });
    const job = { id: 1, key: `assemble:${id}`, payload: { seriesId: id } } as unknown as Job;
    const outcome = await handler.run(job, new AbortController().signal);
    if (outcome.kind === 'done') outcome.told?.();
    return { outcome, judged };
  };
  /** Why the series must not be read, when all waiting is over. */
  const verdict = async (): Promise<string | null> => {
    for (;;) {
      const { outcome, judged } = await judge();
      if (outcome.kind === 'again') clock = outcome.dueAt;
      else if (outcome.kind === 'done') {
        await database.transaction().execute(async (transaction) => await outcome.commit(transaction));
        return judged!.reason?.code ?? null;
      } else throw outcome.error;
    }
  };
  const asked = async (): Promise<AnalyseRequest> => {
    const job = await database
      .selectFrom('job')
      .select('payload')
      .where('kind', '=', 'analyse')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    return JSON.parse(job.payload) as AnalyseRequest;
  };
  /** What would be told if nothing were found in what came. */
  const saidOfNothing = async (): Promise<string> => {
    const reason = await verdict();
    return reason ?? (await asked()).doubt?.code ?? 'no findings';
  };
  const completeness = async (): Promise<string> => (await asked()).completeness;

  it('is not judged while the association is open, however long the scanner pauses between slabs', async () => {
    await send('one', 0, 34);
    clock += 20 * quietPeriodMs - 1;
    expect((await judge()).outcome.kind).to.equal('again');
    await send('one', 34, 90);
    await end('one', 'released');
    clock += quietPeriodAfterReleaseMs;
    expect((await judge()).outcome.kind).to.equal('done');
    expect(await verdict()).to.equal(null);
    expect(await completeness()).to.match(/^90 slices, .* announced no number$/);
  });

  it('is judged once the association has been silent for its idle timeout, and the report says so', async () => {
    await send('one', 0, 90);
    const start = clock;
    expect(await verdict()).to.equal(null);
    expect(clock - start).to.equal(longestSilenceMs);
    expect(await completeness()).to.contain('ended without a release');
  });

  it('waits longer after its line was cut off, and nothing found in it then is no negative', async () => {
    await send('one', 56, 90);
    await end('one', 'cut-off');
    clock += retryPeriodMs - 1;
    expect((await judge()).outcome).to.deep.equal({ kind: 'again', dueAt: clock + 1 });
    expect(await saidOfNothing()).to.equal('TRANSFER_INCOMPLETE');
  });

  for (const [how, remark] of [
    ['aborted', 'the sender aborted the association between two images'],
    ['cut-off', 'the transfer broke off and was not completed'],
  ] as const)
    it(`of which nothing is known to be missing is read, ${how} or not, but nothing found in it is no negative`, async () => {
      await send('one', 0, 90);
      await end('one', how);
      expect(await verdict()).to.equal(null);
      expect((await asked()).doubt?.code).to.equal('TRANSFER_INCOMPLETE');
      expect(await completeness()).to.contain(remark);
      clock += 60_000;
      await send('two', 0, 90);
      await end('two', 'released');
      expect(await saidOfNothing()).to.equal('no findings');
    });

  it('that an operator wants read in spite of its aborted association is read without doubt', async () => {
    await send('one', 0, 90);
    await end('one', 'aborted');
    await verdict();
    const { id: seriesId } = await database.selectFrom('series').select('id').executeTakeFirstOrThrow();
    await database
      .transaction()
      .execute(async (transaction) => await reprocessSeries(transaction, { seriesId, rule, now: clock }));
    expect(await asked())
      .to.include({ reprocessAt: clock })
      .and.not.have.property('doubt');
  });

  it('is complete when the sender came again and released', async () => {
    await send('one', 0, 34);
    clock += 1000;
    await end('one', 'cut-off');
    clock += 60_000;
    await send('two', 30, 90);
    await end('two', 'released');
    clock += quietPeriodAfterReleaseMs;
    expect((await judge()).outcome.kind).to.equal('done');
    expect(await saidOfNothing()).to.equal('no findings');
  });

  it('is not complete by the release of an association that was open already when the other broke off', async () => {
    await send('one', 0, 45);
    await send('two', 45, 80);
    clock += 1000;
    await end('one', 'cut-off');
    clock += 1000;
    await end('two', 'released');
    expect(await saidOfNothing()).to.equal('TRANSFER_INCOMPLETE');
  });

  it('is judged anew when the sender sends all of it again, though nothing had been missing', async () => {
    await send('one', 0, 90);
    await end('one', 'cut-off');
    expect(await saidOfNothing()).to.equal('TRANSFER_INCOMPLETE');
    const { id } = await database.selectFrom('series').select('id').executeTakeFirstOrThrow();
    const reason = { reason_code: 'TRANSFER_INCOMPLETE', reason_text: '' };
    await database
      .updateTable('series')
      .set({ state: 'not-analysed', ...reason })
      .where('id', '=', id)
      .execute();
    clock += 60_000;
    await send('two', 0, 90);
    await end('two', 'released');
    const series = await database.selectFrom('series').select('state').executeTakeFirstOrThrow();
    expect(series.state).to.equal('receiving');
    expect(await saidOfNothing()).to.equal('no findings');
  });

  it('is incomplete while an instance that was refused has not come, whatever else is released', async () => {
    const [first, ...rest] = sampleInstances();
    const seriesInstanceUid = first!.attributes.text('SeriesInstanceUID')!;
    await send('one', 0, 89);
    await end('one', 'released', [{ sopInstanceUid: rest.at(-1)!.sopInstanceUid, seriesInstanceUid }]);
    await send('two', 0, 1);
    await end('two', 'released');
    expect(await verdict()).to.equal('TRANSFER_INCOMPLETE');
    await send('three', 89, 90);
    await end('three', 'released');
    expect(await saidOfNothing()).to.equal('no findings');
  });

  it('that was open when the node stopped was cut off', async () => {
    await send('one', 0, 60);
    await cutOffAll(database, clock);
    expect(await saidOfNothing()).to.equal('TRANSFER_INCOMPLETE');
  });

  it('that begins at another number than 1 waits the whole quiet period and says so', async () => {
    await send('one', 56, 90);
    await end('one', 'released');
    clock += quietPeriodMs - 1;
    expect((await judge()).outcome.kind).to.equal('again');
    expect(await verdict()).to.equal(null);
    expect(await completeness()).to.contain(
      'Instance Numbers 57 to 90: they begin at 57, so up to 56 slices before them may be missing',
    );
  });
});
