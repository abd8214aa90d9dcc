import { hexWord } from '../dicom/index.ts';
import type { CommitmentRow, Database, Transaction } from '../archive/index.ts';
import { hasten } from '../jobs/index.ts';
import type { CommitmentReport } from '../network/index.ts';
import type { DeliveryEvents } from './destination.ts';
import { commitmentKey, enqueueDeliveries } from './requests.ts';

export interface ReportOptions {
  readonly now: () => number;
  readonly events: DeliveryEvents;
}

/** N-EVENT-REPORT statuses (PS3.7 10.1.1.1.8). */
const success = 0x0000;
const noSuchObject = 0x0112;

/**
 * Takes what a peer says of one transaction, whichever association it came on: what it has is committed, what it lacks will be
 * sent again. Returns the status for the peer; a report that comes twice changes nothing.
 */
export async function takeReport(
  database: Database,
  report: CommitmentReport,
  options: ReportOptions,
): Promise<number> {
  const told = await database.transaction().execute(async (transaction) => {
    const asked = await transaction
      .selectFrom('commitment')
      .selectAll()
      .where('transaction_uid', '=', report.transactionUid)
      .executeTakeFirst();
    if (asked === undefined) return null;
    const missing = await settle(transaction, asked, report, options.now());
    return { asked, missing };
  });
  if (told === null) return noSuchObject;
  tell(told.asked, told.missing, report, options.events);
  return success;
}

/** A result that lies at a destination which has not yet taken responsibility for it. */
export interface UncommittedRow {
  readonly result_id: number;
  readonly sop_class_uid: string;
  readonly sop_instance_uid: string;
}

export async function uncommitted(
  database: Database,
  destination: string,
  analysisId: number,
): Promise<readonly UncommittedRow[]> {
  return await database
    .selectFrom('delivered')
    .innerJoin('result', 'result.id', 'delivered.result_id')
    .select(['delivered.result_id', 'result.sop_class_uid', 'result.sop_instance_uid'])
    .where('result.analysis_id', '=', analysisId)
    .where('delivered.destination', '=', destination)
    .where('delivered.committed_at', 'is', null)
    .orderBy('delivered.result_id')
    .execute();
}

/** These results count as not delivered: they are sent again, later with each try, and then asked for again. */
export async function reopenDelivery(
  transaction: Transaction,
  asked: CommitmentRow,
  resultIds: readonly number[],
  now: number,
): Promise<void> {
  await transaction
    .deleteFrom('delivered')
    .where('destination', '=', asked.destination)
    .where('result_id', 'in', resultIds)
    .where('committed_at', 'is', null)
    .execute();
  const dueAt = now + 1000 * 2 ** Math.min(asked.attempt - 1, 10);
  await enqueueDeliveries(transaction, asked.analysis_id, [asked.destination], { now, dueAt });
}

/** Returns the results that the peer lacks, by id. */
async function settle(
  transaction: Transaction,
  asked: CommitmentRow,
  report: CommitmentReport,
  now: number,
): Promise<readonly number[]> {
  const rows = await transaction
    .selectFrom('commitment_instance')
    .innerJoin('result', 'result.id', 'commitment_instance.result_id')
    .select(['commitment_instance.result_id', 'result.sop_instance_uid'])
    .where('commitment_instance.transaction_uid', '=', asked.transaction_uid)
    .execute();
  const failed = new Map(report.failed.map(({ sopInstanceUid, reason }) => [sopInstanceUid, reason]));
  const committed = new Set(report.committed);
  const missing: number[] = [];
  for (const { result_id, sop_instance_uid } of rows) {
    if (committed.has(sop_instance_uid) && !failed.has(sop_instance_uid))
      await commitOne(transaction, asked.destination, result_id, now);
    else {
      missing.push(result_id);
      const reason = failed.get(sop_instance_uid) ?? null;
      await setFailure(transaction, asked.transaction_uid, result_id, reason);
    }
  }
  // a report of a try that has ended already was acted on then
  if (!['asking', 'asked'].includes(asked.state)) return [];
  await transaction
    .updateTable('commitment')
    .set({ state: 'reported', ended_at: now })
    .where('transaction_uid', '=', asked.transaction_uid)
    .execute();
  await hasten(transaction, commitmentKey(asked.destination, asked.analysis_id), now);
  if (missing.length > 0) await reopenDelivery(transaction, asked, missing, now);
  return missing;
}

async function commitOne(
  transaction: Transaction,
  destination: string,
  resultId: number,
  now: number,
): Promise<void> {
  await transaction
    .updateTable('delivered')
    .set({ committed_at: now })
    .where('destination', '=', destination)
    .where('result_id', '=', resultId)
    .where('committed_at', 'is', null)
    .execute();
}

async function setFailure(
  transaction: Transaction,
  transactionUid: string,
  resultId: number,
  reason: number | null,
): Promise<void> {
  await transaction
    .updateTable('commitment_instance')
    .set({ failure_reason: reason })
    .where('transaction_uid', '=', transactionUid)
    .where('result_id', '=', resultId)
    .execute();
}

function tell(
  asked: CommitmentRow,
  missing: readonly number[],
  report: CommitmentReport,
  events: DeliveryEvents,
): void {
  const about = { destination: asked.destination, analysisId: asked.analysis_id };
  if (missing.length === 0) {
    if (asked.state !== 'reported') events.committed({ ...about, instances: report.committed.length });
    return;
  }
  const reasons = [...new Set(report.failed.map(({ reason }) => reasonText(reason)))].join(', ');
  events.notCommitted({
    ...about,
    instances: missing.length,
    why: reasons === '' ? 'its report does not name them' : reasons,
  });
}

/** Failure Reason (PS3.3 C.14.1.1). */
function reasonText(reason: number): string {
  const text = reasons.get(reason) ?? 'unknown reason';
  return `${text} (${hexWord(reason)}H)`;
}

const reasons: ReadonlyMap<number, string> = new Map([
  [0x0110, 'processing failure'],
  [0x0112, 'no such object instance'],
  [0x0119, 'SOP class and instance do not match'],
  [0x0122, 'SOP class not supported'],
  [0x0131, 'Transaction UID used before'],
  [0x0213, 'resource limitation'],
]);
