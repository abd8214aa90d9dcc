import { hexWord } from '../dicom/index.ts';
import type { CommitmentRow, Database, Transaction } from '../archive/index.ts';
import { WillisError } from '../errors.ts';
import type { Job, JobHandler, JobOutcome } from '../jobs/index.ts';
import { requestCommitment, type CommitmentReport } from '../network/index.ts';
import { reopenDelivery, takeReport, uncommitted, type UncommittedRow } from './commitment-report.ts';
import type { DeliveryEvents, DicomDestination } from './destination.ts';
import type { CommitmentRequest } from './requests.ts';

export interface CommitmentJobOptions {
  readonly callingAeTitle: string;
  readonly now: () => number;
  readonly newUid: () => string;
  readonly events: DeliveryEvents;
}

/** Each with a fresh Transaction UID; after that a person has to look. */
const mostTries = 8;
/** For a report on the association of the request; most peers open one of their own. */
const reportWaitMs = 1000;

/** Asks, waits for the report as a due time, and after failure or silence lets the missing instances be sent again. */
export function commitmentHandler(
  database: Database,
  destination: DicomDestination,
  options: CommitmentJobOptions,
): JobHandler {
  return {
    maxAttempts: 10_000,
    firstRetryMs: destination.firstRetrySeconds * 1000,
    longestRetryMs: destination.longestRetrySeconds * 1000,
    run: async (job) => await pursue(database, destination, options, job),
    // The job row keeps the error, the delivered rows stay without committed_at.
    onDead: async () => await Promise.resolve(),
  };
}

async function pursue(
  database: Database,
  destination: DicomDestination,
  options: CommitmentJobOptions,
  job: Job,
): Promise<JobOutcome> {
  const { analysisId } = job.payload as CommitmentRequest;
  const rows = await uncommitted(database, destination.name, analysisId);
  if (rows.length === 0) return { kind: 'done', commit: async () => await Promise.resolve() };
  const last = await lastTry(database, destination.name, analysisId);
  if (last?.state === 'asked') {
    if (last.due_at > options.now()) return { kind: 'again', dueAt: last.due_at };
    return {
      kind: 'done',
      commit: async (transaction) => await expire(transaction, { last, rows, now: options.now() }),
      told: () =>
        options.events.notCommitted({
          ...{ destination: destination.name, analysisId, instances: rows.length },
          why: `no report within ${destination.commitmentTimeoutSeconds} s`,
        }),
    };
  }
  const attempt = (last?.attempt ?? 0) + 1;
  if (attempt > mostTries) throw notGiven(destination, rows.length);
  return await ask(database, { destination, analysisId, rows, attempt }, options);
}

interface Ask {
  readonly destination: DicomDestination;
  readonly analysisId: number;
  readonly rows: readonly UncommittedRow[];
  readonly attempt: number;
}

async function ask(database: Database, asked: Ask, options: CommitmentJobOptions): Promise<JobOutcome> {
  const { destination, rows } = asked;
  const transactionUid = options.newUid();
  const dueAt = options.now() + destination.commitmentTimeoutSeconds * 1000;
  const instances = rows.map((row) => ({
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_instance_uid,
  }));
  const port = {
    reported: async (report: CommitmentReport) => await takeReport(database, report, options),
  };
  const status = await requestCommitment(
    destination,
    { transactionUid, instances },
    {
      callingAeTitle: options.callingAeTitle,
      reportWaitMs,
      beforeAsking: async () => await begin(database, asked, { transactionUid, dueAt, now: options.now() }),
    },
    port,
  );
  const state = status === 0 ? 'asked' : 'refused';
  await database
    .updateTable('commitment')
    .set({ state, ended_at: status === 0 ? null : options.now() })
    .where('transaction_uid', '=', transactionUid)
    // a report may have come already
    .where('state', '=', 'asking')
    .execute();
  if (status !== 0) throw refused(destination, status);
  return { kind: 'again', dueAt: options.now() };
}

/** Committed before the peer is asked: a report must find its transaction, whatever happens to this process. */
async function begin(
  database: Database,
  { destination, analysisId, rows, attempt }: Ask,
  { transactionUid, dueAt, now }: { transactionUid: string; dueAt: number; now: number },
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('commitment')
      .values({
        transaction_uid: transactionUid,
        analysis_id: analysisId,
        destination: destination.name,
        attempt,
        state: 'asking',
        asked_at: now,
        due_at: dueAt,
        ended_at: null,
      })
      .execute();
    for (const { result_id } of rows) {
      await transaction
        .insertInto('commitment_instance')
        .values({ transaction_uid: transactionUid, result_id, failure_reason: null })
        .execute();
    }
  });
}

async function lastTry(
  database: Database,
  destination: string,
  analysisId: number,
): Promise<CommitmentRow | undefined> {
  return await database
    .selectFrom('commitment')
    .selectAll()
    .where('analysis_id', '=', analysisId)
    .where('destination', '=', destination)
    .orderBy('attempt', 'desc')
    .executeTakeFirst();
}

/** No report came: nobody knows what the peer has, so all of it is sent again and asked for anew. */
async function expire(
  transaction: Transaction,
  { last, rows, now }: { last: CommitmentRow; rows: readonly UncommittedRow[]; now: number },
): Promise<void> {
  await transaction
    .updateTable('commitment')
    .set({ state: 'expired', ended_at: now })
    .where('transaction_uid', '=', last.transaction_uid)
    .execute();
  await reopenDelivery(
    transaction,
    last,
    rows.map((row) => row.result_id),
    now,
  );
}

function refused(destination: DicomDestination, status: number): WillisError {
  return new WillisError(
    'COMMITMENT_REFUSED',
    `${destination.name} (${destination.aeTitle}) answered the storage commitment request with status ${hexWord(status)}H.`,
    { retry: 'later' },
  );
}

function notGiven(destination: DicomDestination, instances: number): WillisError {
  return new WillisError(
    'COMMITMENT_NOT_GIVEN',
    `${destination.name} (${destination.aeTitle}) did not take responsibility for ${instances} results in ${mostTries} tries. They were stored each time; look in the PACS whether they are there, and at its storage commitment log.`,
  );
}
