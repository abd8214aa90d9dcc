import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import { assembleHandler, Ingest } from '../../src/intake/index.ts';
import type { Job, JobOutcome } from '../../src/jobs/index.ts';
import { sampleFiles } from '../support/sample.ts';
import { takeFile } from '../support/take.ts';

const quietPeriodMs = 60_000;
const quietPeriodAfterReleaseMs = 5_000;

describe('the quiet period of a series, when the node was down', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-quiet-'));
  const files = openFiles(folder, () => new Date());
  const lastImageAt = 1_000_000;
  let database: Database;

  before(async () => {
    mkdirSync(path.join(folder, 'instances'));
    database = openDatabase(path.join(folder, 'index.sqlite'), 'none');
    const now = (): number => lastImageAt;
    const ingest = new Ingest(database, files, { quietPeriodMs, now, onConflict: () => undefined });
    // thirty of the sample's slices: a stack that nobody can tell from a whole series
    for (const original of sampleFiles().slice(0, 30)) {
      const file = files.allocateInstance();
      copyFileSync(original, file);
      await takeFile(ingest, file);
    }
  });
  after(async () => {
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const judgedAt = async (now: number, listeningSince: number | null): Promise<JobOutcome> => {
    const { id } = await database.selectFrom('series').select('id').executeTakeFirstOrThrow();
    const handler = assembleHandler(database, {
      ...{ quietPeriodMs, quietPeriodAfterReleaseMs, rules: [] },
      ...{ retryPeriodMs: quietPeriodMs, longestSilenceMs: quietPeriodMs },
      listeningSince: () => listeningSince,
      now: () => now,
      onJudged: () => undefined,
    });
    const job: Job = {
      ...{ id: 1, kind: 'assemble', queue: 'assemble', key: `assemble:${id}`, payload: { seriesId: id } },
      ...{ attempt: 1, interruptions: 0, leaseToken: 'token' },
    };
    return await handler.run(job, new AbortController().signal);
  };

  it('starts anew at a restart, however long the node was down', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10 * quietPeriodMs), fc.nat(quietPeriodMs - 1), async (down, after) => {
        const listeningSince = lastImageAt + 1 + down;
        expect(await judgedAt(listeningSince + after, listeningSince)).to.deep.equal({
          kind: 'again',
          dueAt: listeningSince + quietPeriodMs,
        });
      }),
      { numRuns: 30 },
    );
  });

  it('does not run while nobody can reach the node', async () => {
    const now = lastImageAt + 10 * quietPeriodMs;
    expect(await judgedAt(now, null)).to.deep.equal({ kind: 'again', dueAt: now + quietPeriodMs });
  });

  it('ends one quiet period after the restart', async () => {
    const listeningSince = lastImageAt + quietPeriodMs;
    const outcome = await judgedAt(listeningSince + quietPeriodMs, listeningSince);
    expect(outcome.kind).to.equal('done');
  });

  it('is short after a release that this node saw', async () => {
    const since = lastImageAt - 1;
    expect((await judgedAt(lastImageAt + quietPeriodAfterReleaseMs, since)).kind).to.equal('done');
    expect(await judgedAt(lastImageAt + quietPeriodAfterReleaseMs - 1, since)).to.deep.equal({
      kind: 'again',
      dueAt: lastImageAt + quietPeriodAfterReleaseMs,
    });
  });
});
