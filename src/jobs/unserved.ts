import { sql } from 'kysely';
import type { Database, Transaction } from '../archive/index.ts';
import { WillisError, describeError } from '../errors.ts';
import { putAwayDead, retryDead, type Job } from './queue.ts';

const code = 'JOB_KIND_UNKNOWN';
const isUnserved = sql<boolean>`last_error like ${`${code}:%`}`;

/** Waiting jobs of a kind that no part of this node runs. */
export interface UnservedJobs {
  readonly kind: string;
  readonly count: number;
  readonly newestId: number;
  readonly dueAt: number;
  readonly error: string;
}

/** By kind: what waits because its destination or stage is not configured now. */
export async function unservedJobs(database: Database): Promise<readonly UnservedJobs[]> {
  return await database
    .selectFrom('job')
    .select((eb) => [
      'kind',
      eb.fn.countAll<number>().as('count'),
      eb.fn.max<number>('id').as('newestId'),
      eb.fn.min<number>('due_at').as('dueAt'),
      eb.fn.max<string>('last_error').as('error'),
    ])
    .where('state', '=', 'available')
    .where(isUnserved)
    .groupBy('kind')
    .execute();
}

export function kindUnknown({ kind }: Pick<Job, 'kind'>): WillisError {
  return new WillisError(
    code,
    `Nothing runs "${kind}" jobs now: their destination or option was taken out of the configuration, or is called otherwise. They wait: configure it again under that name, or put them away.`,
    { retry: 'later' },
  );
}

/** Every due job of a kind that nobody runs comes back at `dueAt`, with all its tries. */
export async function postponeKind(
  transaction: Transaction,
  kind: string,
  { now, dueAt }: { readonly now: number; readonly dueAt: number },
): Promise<void> {
  await transaction
    .updateTable('job')
    .set({ due_at: dueAt, last_error: describeError(kindUnknown({ kind })) })
    .where('kind', '=', kind)
    .where('state', '=', 'available')
    .where('due_at', '<=', now)
    .execute();
}

/** Somebody runs these kinds again: what waited for that is due; what an earlier version gave up for it is tried again. */
export async function reviveKinds(database: Database, kinds: readonly string[], now: number): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const dead = await transaction
      .selectFrom('job')
      .select('id')
      .where('kind', 'in', kinds)
      .where('state', '=', 'dead')
      .where('put_away_at', 'is', null)
      .where(isUnserved)
      .execute();
    for (const { id } of dead) await retryDead(transaction, id, now);
    await transaction
      .updateTable('job')
      .set({ due_at: now, last_error: null })
      .where('kind', 'in', kinds)
      .where('state', '=', 'available')
      .where(isUnserved)
      .execute();
  });
}

/**
 * Puts a job that was given up out of sight; it can still be retried. Of one that nobody runs, all of its kind are given up and put
 * away. Returns its key, or undefined where there is nothing to put away.
 */
export async function putAway(
  transaction: Transaction,
  id: number,
  now: number,
): Promise<string | undefined> {
  const dead = await putAwayDead(transaction, id, now);
  if (dead !== undefined) return dead;
  const unserved = await transaction
    .selectFrom('job')
    .select(['key', 'kind'])
    .where('id', '=', id)
    .where('state', '=', 'available')
    .where(isUnserved)
    .executeTakeFirst();
  if (unserved === undefined) return undefined;
  await transaction
    .updateTable('job')
    .set({ state: 'dead', finished_at: now, put_away_at: now })
    .where('kind', '=', unserved.kind)
    .where('state', '=', 'available')
    .where(isUnserved)
    .execute();
  return unserved.key;
}
