import { CompiledQuery, sql } from 'kysely';
import type { Database, JobRow, Statements, Transaction } from '../archive/index.ts';
import { backoffMs } from './backoff.ts';

/** What to do, at the earliest when. `key` names the thing worked on: one available job a key. */
export interface NewJob {
  readonly kind: string;
  readonly queue: string;
  readonly key: string;
  readonly payload: unknown;
  readonly dueAt: number;
}

/** A claimed job. `attempt` counts from 1. */
export interface Job {
  readonly id: number;
  readonly kind: string;
  readonly queue: string;
  readonly key: string;
  readonly payload: unknown;
  readonly attempt: number;
  /** How often the process ended while the job ran. */
  readonly interruptions: number;
  readonly leaseToken: string;
}

/** One available job a key: a job that comes again gets the new payload and due time. */
const enqueueSql = `
  insert into job (kind, queue, key, payload, due_at, created_at) values (?, ?, ?, ?, ?, ?)
  on conflict (key) where state = 'available'
  do update set payload = excluded.payload, due_at = excluded.due_at, attempt = 0`;

/** Puts a job into the caller's transaction; an available job of the same key gets the new payload and due time instead. */
export async function enqueue(transaction: Transaction, job: NewJob, now: number): Promise<void> {
  await transaction.executeQuery(CompiledQuery.raw(enqueueSql, enqueueValues(job, now)));
}

/** The same inside a transaction of `inOneGo`. */
export function enqueueInOneGo(statements: Statements, job: NewJob, now: number): void {
  statements.run(enqueueSql, ...enqueueValues(job, now));
}

function enqueueValues(job: NewJob, now: number): (string | number)[] {
  return [job.kind, job.queue, job.key, JSON.stringify(job.payload), job.dueAt, now];
}

/** Moves an available job's due time forward to `dueAt` where that is sooner; nothing happens where there is none. */
export async function hasten(transaction: Transaction, key: string, dueAt: number): Promise<void> {
  await transaction
    .updateTable('job')
    .set({ due_at: dueAt })
    .where('key', '=', key)
    .where('state', '=', 'available')
    .where('due_at', '>', dueAt)
    .execute();
}

/** Puts a job that was given up back into its queue, with all its tries; returns its key, or undefined where it is not dead. */
export async function retryDead(
  transaction: Transaction,
  id: number,
  now: number,
): Promise<string | undefined> {
  const row = await transaction
    .deleteFrom('job')
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { kind, queue, key } = row;
  await enqueue(transaction, { kind, queue, key, payload: JSON.parse(row.payload), dueAt: now }, now);
  return key;
}

/** Puts a job that was given up out of sight; it can still be retried. Returns its key, or undefined where it is not dead, or put away. */
export async function putAwayDead(
  transaction: Transaction,
  id: number,
  now: number,
): Promise<string | undefined> {
  const row = await transaction
    .updateTable('job')
    .set({ put_away_at: now })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .where('put_away_at', 'is', null)
    .returning('key')
    .executeTakeFirst();
  return row?.key;
}

/** The kinds of queue that have a due job and none running, oldest due first. */
export async function dueQueues(database: Database, now: number): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('job')
    .select('queue')
    .where('state', '=', 'available')
    .where('due_at', '<=', now)
    .groupBy('queue')
    .orderBy(sql`min(due_at)`)
    .execute();
  return rows.map((row) => row.queue);
}

/** Takes the oldest due job of a queue for `leaseMs`; nothing when none is due or one of its key still runs. */
export async function claim(
  database: Database,
  queue: string,
  lease: { readonly token: string; readonly now: number; readonly leaseMs: number },
): Promise<Job | undefined> {
  const row = await database
    .updateTable('job')
    .set((eb) => ({
      state: 'running' as const,
      attempt: eb('attempt', '+', 1),
      lease_until: lease.now + lease.leaseMs,
      lease_token: lease.token,
    }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('job as candidate')
        .select('candidate.id')
        .where('candidate.queue', '=', queue)
        .where('candidate.state', '=', 'available')
        .where('candidate.due_at', '<=', lease.now)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('job as twin')
                .select('twin.id')
                .whereRef('twin.key', '=', 'candidate.key')
                .where('twin.state', '=', 'running'),
            ),
          ),
        )
        .orderBy('candidate.due_at')
        .orderBy('candidate.id')
        .limit(1),
    )
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toJob(row);
}

/** Keeps a running job; false when the lease was lost, and with it the right to commit. */
export async function heartbeat(database: Database, job: Job, leaseUntil: number): Promise<boolean> {
  const result = await ownedBy(
    database.updateTable('job').set({ lease_until: leaseUntil }),
    job,
  ).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Marks a job done inside the transaction that holds its result; false when the lease was lost (roll back then). */
export async function complete(transaction: Transaction, job: Job, now: number): Promise<boolean> {
  return await finish(transaction, job, { state: 'done', now, error: null });
}

/** Gives up on a job for good; it stays visible with its error until an operator retries it. */
export async function bury(
  transaction: Transaction,
  job: Job,
  failure: { now: number; error: string },
): Promise<boolean> {
  return await finish(transaction, job, { state: 'dead', now: failure.now, error: failure.error });
}

/** Hands a running job back, due at `dueAt`. A key that was enqueued again meanwhile needs no second copy: the job is done. */
export async function release(
  transaction: Transaction,
  job: Job,
  again: {
    readonly dueAt: number;
    readonly now: number;
    readonly error: string | null;
    readonly burnAttempt: boolean;
  },
): Promise<boolean> {
  const twin = await transaction
    .selectFrom('job')
    .select('id')
    .where('key', '=', job.key)
    .where('state', '=', 'available')
    .executeTakeFirst();
  if (twin !== undefined) return await complete(transaction, job, again.now);
  const update = transaction.updateTable('job').set({
    state: 'available',
    due_at: again.dueAt,
    attempt: again.burnAttempt ? job.attempt : job.attempt - 1,
    lease_until: null,
    lease_token: null,
    last_error: again.error,
  });
  const result = await ownedBy(update, job).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Frees jobs whose worker died: those past their lease, or all that run when `everyone` (start-up: no one else works here). */
export async function rescue(database: Database, now: number, everyone: boolean): Promise<number> {
  return await database.transaction().execute(async (transaction) => {
    let query = transaction.selectFrom('job').selectAll().where('state', '=', 'running');
    if (!everyone) query = query.where('lease_until', '<', now);
    const stuck = await query.execute();
    for (const row of stuck) await interrupt(transaction, row, now);
    return stuck.length;
  });
}

/** A process may end for reasons of its own, so no attempt is burnt; but the job waits longer each time, lest it is the cause. */
async function interrupt(transaction: Transaction, row: JobRow, now: number): Promise<void> {
  const dueAt = now + backoffMs({ firstMs: 250, longestMs: 10_000 }, row.interruptions + 1, 0.5);
  const job = toJob(row);
  await release(transaction, job, { dueAt, now, error: 'the process stopped', burnAttempt: false });
  await transaction
    .updateTable('job')
    .set({ interruptions: row.interruptions + 1 })
    .where('id', '=', row.id)
    .execute();
}

async function finish(
  transaction: Transaction,
  job: Job,
  end: { readonly state: 'done' | 'dead'; readonly now: number; readonly error: string | null },
): Promise<boolean> {
  const update = transaction.updateTable('job').set({
    state: end.state,
    lease_until: null,
    lease_token: null,
    finished_at: end.now,
    last_error: end.error,
  });
  const result = await ownedBy(update, job).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function ownedBy<
  Q extends { where(column: 'id' | 'lease_token' | 'state', op: '=', value: string | number): Q },
>(query: Q, job: Job): Q {
  return query
    .where('id', '=', job.id)
    .where('state', '=', 'running')
    .where('lease_token', '=', job.leaseToken);
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    queue: row.queue,
    key: row.key,
    payload: JSON.parse(row.payload) as unknown,
    attempt: row.attempt,
    interruptions: row.interruptions,
    leaseToken: row.lease_token ?? '',
  };
}
