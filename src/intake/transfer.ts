import type { Database, Statements, Transaction } from '../archive/index.ts';
import type { Reason } from '../findings/index.ts';
import { enqueue, hasten } from '../jobs/index.ts';
import { assembleJob } from './assemble-job.ts';
import type { IncomingInstance } from './incoming-header.ts';

/** How the images of a series came: what the sender may still have, as far as the network tells. */
export interface Transfer {
  /** An association that brought images of the series is open: its sender may go on at any time. */
  readonly isOpen: boolean;
  /** One fell silent and was closed by us; nothing says whether it was done. */
  readonly fellSilent: boolean;
  /** Why nothing found in what came says nothing about the series, or null. What is found in it is told all the same. */
  readonly doubt: Reason | null;
  /** When something broke off that nothing has completed since (ms since 1970 UTC); null where nothing did. */
  readonly brokenSince: number | null;
  /** Why the series must not be read: images that were announced are not here. */
  readonly reason: Reason | null;
}

/** The end of an association. */
export interface AssociationEnd {
  readonly association: string;
  /** Aborted: by its sender between objects, all of them acknowledged. Cut off: the line, or the node, ended it. */
  readonly how: 'released' | 'aborted' | 'silent' | 'cut-off';
  /** Instances that it announced and that are not here. */
  readonly missing: readonly { readonly sopInstanceUid: string; readonly seriesInstanceUid: string }[];
}

const transferIncomplete = 'TRANSFER_INCOMPLETE';

/** True of a verdict that a later, complete transfer of the very same instances takes back. */
export function isAboutTransfer(code: string): boolean {
  return code === transferIncomplete;
}

const carrierBegan = `
  insert into carrier (series_instance_uid, association, began_at) values (?, ?, ?) on conflict do nothing`;
const instanceCame = 'delete from awaited_instance where sop_instance_uid = ?';

/** In the transaction that takes an instance, or finds that it is here already. */
export function rememberCarrier(
  statements: Statements,
  { associationId, sopInstanceUid }: IncomingInstance,
  at: { readonly seriesInstanceUid: string; readonly now: number },
): void {
  statements.run(instanceCame, sopInstanceUid);
  if (associationId !== undefined) statements.run(carrierBegan, at.seriesInstanceUid, associationId, at.now);
}

/**
 * Keeps how an association ended. After a release its series need not wait the whole quiet period: they are judged at `dueAt`; what
 * an earlier association left open is taken for complete, since this one, begun later, was the sender's second try.
 */
export async function associationEnded(
  database: Database,
  end: AssociationEnd,
  at: { readonly now: number; readonly dueAt: number },
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    for (const one of end.missing)
      await transaction
        .insertInto('awaited_instance')
        .values({
          sop_instance_uid: one.sopInstanceUid,
          series_instance_uid: one.seriesInstanceUid,
          since: at.now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    if (end.how === 'released') await released(transaction, end, at);
    else
      await transaction
        .updateTable('carrier')
        .set({ ending: end.how, ended_at: at.now })
        .where('association', '=', end.association)
        .execute();
  });
}

/** Before the receiver starts: no association survives its node, so what was open then was cut off. */
export async function cutOffAll(database: Database, now: number): Promise<void> {
  await database
    .updateTable('carrier')
    .set({ ending: 'cut-off', ended_at: now })
    .where('ending', 'is', null)
    .execute();
}

export async function transferOf(
  database: Database | Transaction,
  seriesInstanceUid: string,
): Promise<Transfer> {
  const carriers = await database
    .selectFrom('carrier')
    .selectAll()
    .where('series_instance_uid', '=', seriesInstanceUid)
    .execute();
  const awaited = await database
    .selectFrom('awaited_instance')
    .select('since')
    .where('series_instance_uid', '=', seriesInstanceUid)
    .execute();
  const endings = new Set(carriers.map(({ ending }) => ending));
  const cutOff = carriers.filter(({ ending }) => ending === 'cut-off').map((row) => row.ended_at ?? 0);
  const broken = [...cutOff, ...awaited.map((row) => row.since)];
  const ended = endings.has('cut-off') ? 'broke off before its release' : 'was aborted between two images';
  return {
    isOpen: endings.has(null),
    fellSilent: endings.has('silent'),
    brokenSince: broken.length === 0 ? null : Math.max(...broken),
    reason: awaited.length === 0 ? null : lacking(awaited.length),
    doubt: endings.has('cut-off') || endings.has('aborted') ? perhapsLacking(ended) : null,
  };
}

function lacking(awaited: number): Reason {
  return {
    code: transferIncomplete,
    text: `The series is incomplete: ${awaited} of its instances were refused or broke off midway and did not come again. Send the series again, all of it.`,
  };
}

function perhapsLacking(ended: string): Reason {
  return {
    code: transferIncomplete,
    text: `The series may be incomplete: the association that brought it ${ended}, and no later one completed it. Send the series again, all of it.`,
  };
}

async function released(
  transaction: Transaction,
  { association }: AssociationEnd,
  { now, dueAt }: { readonly now: number; readonly dueAt: number },
): Promise<void> {
  const brought = await transaction
    .deleteFrom('carrier')
    .where('association', '=', association)
    .returning(['series_instance_uid', 'began_at'])
    .execute();
  for (const { series_instance_uid: uid, began_at: beganAt } of brought) {
    await transaction
      .deleteFrom('carrier')
      .where('series_instance_uid', '=', uid)
      .where('ended_at', '<=', beganAt)
      .execute();
    const series = await transaction
      .selectFrom('series')
      .select(['id', 'reason_code'])
      .where('series_instance_uid', '=', uid)
      .executeTakeFirst();
    if (series === undefined) continue;
    await hasten(transaction, assembleJob(series.id, dueAt).key, dueAt);
    // all of it was here: only that was not known
    if (series.reason_code === transferIncomplete) await reopen(transaction, series.id, { now, dueAt });
  }
}

/** A series was just called incomplete; the transfer that completed it may have ended while it was being read. */
export async function reopenIfCompleted(
  transaction: Transaction,
  seriesId: number,
  now: number,
): Promise<void> {
  const series = await transaction
    .selectFrom('series')
    .select(['series_instance_uid', 'reason_code'])
    .where('id', '=', seriesId)
    .executeTakeFirstOrThrow();
  if (series.reason_code !== transferIncomplete) return;
  const { reason, doubt } = await transferOf(transaction, series.series_instance_uid);
  if (reason === null && doubt === null) await reopen(transaction, seriesId, { now, dueAt: now });
}

async function reopen(
  transaction: Transaction,
  seriesId: number,
  { now, dueAt }: { readonly now: number; readonly dueAt: number },
): Promise<void> {
  await transaction
    .updateTable('series')
    .set({ state: 'receiving', reason_code: null, reason_text: null })
    .where('id', '=', seriesId)
    .execute();
  await enqueue(transaction, assembleJob(seriesId, dueAt), now);
}
