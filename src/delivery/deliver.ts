import type { ArchiveFiles, Database, ResultRow, Transaction } from '../archive/index.ts';
import { WillisError } from '../errors.ts';
import { enqueue, type Job, type JobHandler, type JobOutcome } from '../jobs/index.ts';
import { sendInstances, type SendOutcome } from '../network/index.ts';

/** A PACS that gets results, and how patient we are with it. */
export interface Destination {
  readonly name: string;
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly results: readonly string[];
  readonly firstRetrySeconds: number;
  readonly longestRetrySeconds: number;
}

export interface DeliveryOptions {
  readonly callingAeTitle: string;
  readonly files: ArchiveFiles;
  readonly now: () => number;
  readonly onDelivered: (delivery: { destination: string; analysisId: number; stored: number }) => void;
}

interface DeliverRequest {
  readonly analysisId: number;
  readonly destination: string;
}

/** Ten thousand tries at ten minutes are ten weeks: a PACS that is down is waited for, a deleted one is not for ever. */
const maxAttempts = 10_000;

/** Enqueues one delivery a destination in the transaction that commits the analysis; each destination has its own queue. */
export async function enqueueDeliveries(
  transaction: Transaction,
  analysisId: number,
  destinations: readonly string[],
  now: number,
): Promise<void> {
  for (const destination of destinations) {
    const payload: DeliverRequest = { analysisId, destination };
    const key = `deliver:${destination}:${analysisId}`;
    await enqueue(
      transaction,
      { kind: kindOf(destination), queue: kindOf(destination), key, payload, dueAt: now },
      now,
    );
  }
}

/** One handler a destination, by job kind: its own queue, its own backoff. */
export function deliveryHandlers(
  database: Database,
  destinations: readonly Destination[],
  options: DeliveryOptions,
): ReadonlyMap<string, JobHandler> {
  return new Map(
    destinations.map((destination) => [
      kindOf(destination.name),
      {
        maxAttempts,
        firstRetryMs: destination.firstRetrySeconds * 1000,
        longestRetryMs: destination.longestRetrySeconds * 1000,
        run: async (job) => await deliver(database, destination, options, job),
        // The job row keeps the error; nothing else changes: the results stay in the archive.
        onDead: async () => await Promise.resolve(),
      },
    ]),
  );
}

function kindOf(destination: string): string {
  return `deliver:${destination}`;
}

/** Sends what the destination has not yet stored, on one association; what it took is kept even where the rest fails. */
async function deliver(
  database: Database,
  destination: Destination,
  options: DeliveryOptions,
  job: Job,
): Promise<JobOutcome> {
  const { analysisId } = job.payload as DeliverRequest;
  const pending = await pendingResults(database, analysisId, destination);
  if (pending.length === 0) return { kind: 'done', commit: async () => await Promise.resolve() };
  const outcomes = await sendInstances(
    destination,
    pending.map((row) => ({
      path: options.files.absolute(row.path),
      sopClassUid: row.sop_class_uid,
      sopInstanceUid: row.sop_instance_uid,
      transferSyntaxUid: row.transfer_syntax_uid,
    })),
    { callingAeTitle: options.callingAeTitle },
  );
  const commit = async (transaction: Transaction): Promise<void> =>
    await recordStored(transaction, pending, outcomes, { destination: destination.name, now: options.now() });
  const missing = outcomes.filter((outcome) => outcome.kind !== 'stored');
  if (missing.length > 0)
    return { kind: 'failed', error: notTaken(destination, missing, outcomes.length), commit };
  options.onDelivered({ destination: destination.name, analysisId, stored: outcomes.length });
  return { kind: 'done', commit };
}

async function pendingResults(
  database: Database,
  analysisId: number,
  destination: Destination,
): Promise<readonly ResultRow[]> {
  return await database
    .selectFrom('result')
    .selectAll()
    .where('analysis_id', '=', analysisId)
    .where('kind', 'in', destination.results)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('delivered')
            .select('delivered.result_id')
            .whereRef('delivered.result_id', '=', 'result.id')
            .where('delivered.destination', '=', destination.name),
        ),
      ),
    )
    .orderBy('id')
    .execute();
}

async function recordStored(
  transaction: Transaction,
  pending: readonly ResultRow[],
  outcomes: readonly SendOutcome[],
  to: { readonly destination: string; readonly now: number },
): Promise<void> {
  const ids = new Map(pending.map((row) => [row.sop_instance_uid, row.id]));
  for (const outcome of outcomes) {
    const resultId = ids.get(outcome.sopInstanceUid);
    if (outcome.kind !== 'stored' || resultId === undefined) continue;
    await transaction
      .insertInto('delivered')
      .values({
        result_id: resultId,
        destination: to.destination,
        status: outcome.status,
        delivered_at: to.now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

function notTaken(destination: Destination, missing: readonly SendOutcome[], total: number): WillisError {
  const first = missing[0];
  const why = first === undefined || first.kind === 'stored' ? '' : first.text;
  return new WillisError(
    'RESULTS_NOT_TAKEN',
    `${destination.name} (${destination.aeTitle}) took ${total - missing.length} of ${total} results. First refusal: ${why}`,
    { retry: 'later' },
  );
}
