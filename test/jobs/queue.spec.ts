import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openDatabase, type Database } from '../../src/archive/index.ts';
import { WillisError } from '../../src/errors.ts';
import { backoffMs } from '../../src/jobs/backoff.ts';
import {
  enqueue,
  hasten,
  putAway,
  startRunner,
  unservedJobs,
  type JobHandler,
} from '../../src/jobs/index.ts';
import { claim, complete, rescue } from '../../src/jobs/queue.ts';
import { untilTrue } from '../support/node-process.ts';

describe('jobs', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-jobs-'));
  let database: Database;
  let file = 0;
  beforeEach(() => (database = openDatabase(path.join(folder, `${(file += 1)}.sqlite`))));
  afterEach(async () => await database.destroy());
  after(() => rmSync(folder, { recursive: true, force: true }));

  const put = async (key: string, dueAt: number, queue = 'q'): Promise<void> =>
    await database
      .transaction()
      .execute(
        async (transaction) =>
          await enqueue(transaction, { kind: 'k', queue, key, payload: { key }, dueAt }, 0),
      );
  const take = async (now: number): Promise<string | undefined> =>
    (await claim(database, 'q', { token: 't', now, leaseMs: 100 }))?.key;

  it('keep one available job a key, whose due time moves; nothing runs before it is due', async () => {
    await put('a', 100);
    await put('a', 200);
    expect(await take(150)).to.equal(undefined);
    await database.transaction().execute(async (transaction) => await hasten(transaction, 'a', 140));
    expect(await take(150)).to.equal('a');
    expect(await take(500)).to.equal(undefined);
  });

  it('of one key never run twice at once, though the next may already wait', async () => {
    await put('a', 0);
    expect(await take(10)).to.equal('a');
    await put('a', 0);
    expect(await take(10)).to.equal(undefined);
  });

  it('vanish with the transaction that enqueued them', async () => {
    const failing = database.transaction().execute(async (transaction) => {
      await enqueue(transaction, { kind: 'k', queue: 'q', key: 'lost', payload: null, dueAt: 0 }, 0);
      throw new Error('rolled back');
    });
    await failing.catch(() => undefined);
    expect(await take(10)).to.equal(undefined);
  });

  it('are rescued after their lease, and the late worker may not commit', async () => {
    await put('a', 0);
    const lost = (await claim(database, 'q', { token: 'first', now: 0, leaseMs: 100 }))!;
    expect(await rescue(database, 50, false)).to.equal(0);
    expect(await rescue(database, 150, false)).to.equal(1);
    const again = (await claim(database, 'q', { token: 'second', now: 5000, leaseMs: 100 }))!;
    expect(again).to.include({ key: 'a', interruptions: 1 });
    const committed = await database
      .transaction()
      .execute(async (transaction) => await complete(transaction, lost, 5001));
    expect(committed).to.equal(false);
  });

  it('are tried again with backoff, then buried with their last error', async () => {
    let runs = 0;
    const dead: string[] = [];
    const handler: JobHandler = {
      maxAttempts: 3,
      firstRetryMs: 5,
      longestRetryMs: 20,
      run: async () => await Promise.reject(new Error(`try ${(runs += 1)}`)),
      onDead: async (_transaction, job) => await Promise.resolve(void dead.push(job.key)),
    };
    await put('a', 0);
    const options = {
      leaseMs: 1000,
      pollMs: 5,
      now: Date.now,
      newToken: () => String(Math.random()),
      random: () => 0.5,
    };
    await using _runner = await startRunner(database, new Map([['k', handler]]), options, {
      onFailure: () => undefined,
      onRescue: () => undefined,
    });
    await untilTrue(
      () => dead.length > 0,
      5000,
      () => 'not buried',
    );
    expect(runs).to.equal(3);
    const row = await database.selectFrom('job').selectAll().executeTakeFirstOrThrow();
    expect(row).to.include({ state: 'dead', last_error: 'try 3' });
  });

  it('of an error that no retry can mend are buried at once', async () => {
    let runs = 0;
    const handler: JobHandler = {
      maxAttempts: 9,
      firstRetryMs: 1,
      longestRetryMs: 1,
      run: async () => {
        runs += 1;
        return await Promise.reject(new WillisError('X', 'never'));
      },
      onDead: async () => await Promise.resolve(),
    };
    await put('a', 0);
    const options = { leaseMs: 1000, pollMs: 5, now: Date.now, newToken: () => 't', random: () => 0.5 };
    await using _runner = await startRunner(database, new Map([['k', handler]]), options, {
      onFailure: () => undefined,
      onRescue: () => undefined,
    });
    await untilTrue(
      async () => (await database.selectFrom('job').select('state').executeTakeFirst())?.state === 'dead',
      5000,
      () => 'not buried',
    );
    expect(runs).to.equal(1);
  });

  describe('of a kind that nobody runs, as after a destination was taken out or renamed', () => {
    const options = { leaseMs: 1000, pollMs: 5, now: Date.now, newToken: () => 't', random: () => 0.5 };
    const jobs = async (): Promise<Record<string, unknown>[]> =>
      await database
        .selectFrom('job')
        .select(['key', 'state', 'attempt', 'last_error'])
        .orderBy('id')
        .execute();
    const until = async (isSo: () => Promise<boolean>): Promise<void> =>
      await untilTrue(isSo, 5000, () => 'it did not come to that');
    const areAll = async (state: string): Promise<boolean> =>
      (await jobs()).every((job) => job['state'] === state);

    it('wait, visibly and with all their tries, until somebody does', async () => {
      const told: string[] = [];
      const handlers = new Map<string, JobHandler>();
      await put('a', 0);
      await put('b', 0);
      await put('later', Date.now() + 60_000);
      await using _runner = await startRunner(database, handlers, options, {
        onFailure: (_job, error, next) => void told.push(`${next}: ${String(error)}`),
        onRescue: () => undefined,
      });
      await until(async () => (await unservedJobs(database))[0]?.count === 2);
      expect((await unservedJobs(database))[0]).to.include({ kind: 'k', count: 2 });
      expect((await jobs()).map(({ state, attempt }) => `${String(state)} ${String(attempt)}`)).to.deep.equal(
        [...['available 0', 'available 0', 'available 0']],
      );
      // once for the kind, not once a job
      expect(told).to.have.length(1);
      expect(told[0]).to.match(/^retry: .*"k" jobs/);
      const done: string[] = [];
      handlers.set('k', doing(done));
      await until(async () => await Promise.resolve(done.length === 2));
      expect(done).to.deep.equal(['a', 'b']);
      expect(await unservedJobs(database)).to.deep.equal([]);
    });

    it('and were given up for that, come back when somebody does; what was given up for another reason, or put away, does not', async () => {
      const dead = { state: 'dead', finished_at: 1 } as const;
      for (const key of ['unknown', 'refused', 'away']) await put(key, 0);
      await database
        .updateTable('job')
        .set({ ...dead, last_error: 'JOB_KIND_UNKNOWN: gone' })
        .execute();
      await database.updateTable('job').set({ last_error: 'no' }).where('key', '=', 'refused').execute();
      await database.updateTable('job').set({ put_away_at: 1 }).where('key', '=', 'away').execute();
      const done: string[] = [];
      await using _runner = await startRunner(database, new Map([['k', doing(done)]]), options, {
        onFailure: () => undefined,
        onRescue: () => undefined,
      });
      await until(async () => await Promise.resolve(done.length > 0));
      expect(done).to.deep.equal(['unknown']);
    });

    it('can be put away, all of the kind at once, and stay away', async () => {
      await put('a', 0);
      await put('b', 0);
      const handlers = new Map<string, JobHandler>();
      const events = { onFailure: () => undefined, onRescue: () => undefined };
      await using _runner = await startRunner(database, handlers, options, events);
      await until(async () => (await unservedJobs(database))[0]?.count === 2);
      const { newestId } = (await unservedJobs(database))[0]!;
      await database.transaction().execute(async (transaction) => {
        expect(await putAway(transaction, newestId, 7)).to.equal('b');
        expect(await putAway(transaction, newestId, 7)).to.equal(undefined);
      });
      expect(await areAll('dead')).to.equal(true);
      const done: string[] = [];
      handlers.set('k', doing(done));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(done).to.deep.equal([]);
    });
  });

  it('back off by doubling up to the longest wait', () => {
    const limits = { firstMs: 100, longestMs: 1000 };
    expect([1, 2, 3, 4, 5, 60].map((attempt) => backoffMs(limits, attempt, 0.5))).to.deep.equal([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });
});

/** A handler that only keeps the keys it was given. */
function doing(done: string[]): JobHandler {
  return {
    ...{ maxAttempts: 1, firstRetryMs: 1, longestRetryMs: 1 },
    run: async (job) => {
      done.push(job.key);
      return await Promise.resolve({ kind: 'done' as const, commit: async () => await Promise.resolve() });
    },
    onDead: async () => await Promise.resolve(),
  };
}
