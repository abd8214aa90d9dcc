import type { ArchiveFiles, Database, ResultRow, Transaction } from '../archive/index.ts';
import { WillisError } from '../errors.ts';
import type { Job, JobHandler, JobOutcome } from '../jobs/index.ts';
import type { SendOutcome } from '../network/index.ts';
import type { DeliveryEvents, Destination, Substitution } from './destination.ts';
import { chainsOf, currentKinds, nextAfter } from './fallbacks.ts';
import { enqueueNotices } from './notices.ts';
import { enqueueCommitment, type DeliverRequest } from './requests.ts';
import { recordSuperseded, supersededBy } from './superseded.ts';
import { sendResults, wantedSyntax } from './transport.ts';

export interface DeliverOptions {
  readonly callingAeTitle: string;
  readonly files: ArchiveFiles;
  readonly now: () => number;
  readonly events: DeliveryEvents;
  /** Kinds that are made of every analysis and tell its outcome, the best of them first. */
  readonly tellingKinds: readonly string[];
}

/** Ten thousand tries at ten minutes are ten weeks: a PACS that is down is waited for, a deleted one is not for ever. */
const maxAttempts = 10_000;

/** The handler of one destination's deliveries: its own queue, its own backoff. */
export function deliverHandler(
  database: Database,
  destination: Destination,
  options: DeliverOptions,
): JobHandler {
  return {
    maxAttempts,
    firstRetryMs: destination.firstRetrySeconds * 1000,
    longestRetryMs: destination.longestRetrySeconds * 1000,
    run: async (job) => await deliver(database, destination, options, job),
    // The job row keeps the error; nothing else changes: the results stay in the archive.
    onDead: async () => await Promise.resolve(),
  };
}

/** Sends what the destination has not yet stored; what it took is kept even where the rest fails. */
async function deliver(
  database: Database,
  destination: Destination,
  options: DeliverOptions,
  job: Job,
): Promise<JobOutcome> {
  const { analysisId, thoughReplaced = false } = job.payload as DeliverRequest;
  const superseded = thoughReplaced ? null : await supersededBy(database, analysisId, destination.name);
  if (superseded !== null)
    return {
      kind: 'done',
      commit: async (transaction) => await recordSuperseded(transaction, superseded, options.now()),
      told: () => options.events.superseded(superseded),
    };
  const sent = await sendWithFallbacks(
    await openTask(database, destination, analysisId, options.tellingKinds),
    options,
  );
  const commit = async (transaction: Transaction): Promise<void> =>
    await record(transaction, sent, { destination, analysisId, options });
  const told = (): void => tell(sent, { destination, analysisId, options });
  if (sent.error !== null) return { kind: 'failed', error: sent.error, commit, told };
  return { kind: 'done', commit, told };
}

interface Task {
  readonly destination: Destination;
  readonly pending: readonly ResultRow[];
  readonly chains: readonly (readonly string[])[];
  readonly givenUp: ReadonlySet<string>;
}

async function openTask(
  database: Database,
  destination: Destination,
  analysisId: number,
  telling: DeliverOptions['tellingKinds'],
): Promise<Task> {
  const results = await database
    .selectFrom('result')
    .selectAll()
    .where('analysis_id', '=', analysisId)
    .orderBy('id')
    .execute();
  const delivered = await database
    .selectFrom('delivered')
    .innerJoin('result', 'result.id', 'delivered.result_id')
    .select('delivered.result_id')
    .where('result.analysis_id', '=', analysisId)
    .where('delivered.destination', '=', destination.name)
    .execute();
  const givenUp = await database
    .selectFrom('given_up')
    .select('kind')
    .where('analysis_id', '=', analysisId)
    .where('destination', '=', destination.name)
    .execute();
  const there = new Set(delivered.map((row) => row.result_id));
  const made = new Set(results.map((row) => row.kind));
  return {
    destination,
    pending: results.filter((row) => !there.has(row.id)),
    chains: chainsOf({ wanted: destination.results, fallbacks: destination.fallbacks, telling }, made),
    givenUp: new Set(givenUp.map((row) => row.kind)),
  };
}

interface Sent {
  readonly stored: readonly { readonly row: ResultRow; readonly outcome: SendOutcome & { kind: 'stored' } }[];
  readonly substitutions: readonly Substitution[];
  /** What is still missing there, and why. */
  readonly error: unknown;
  /** Nothing is missing that another try without a person's help could bring there. */
  readonly settled: boolean;
}

/** Rounds, until nothing is refused for good that has a substitute. */
async function sendWithFallbacks(task: Task, options: DeliverOptions): Promise<Sent> {
  const { destination, chains } = task;
  const outcomes = new Map<ResultRow, SendOutcome>();
  const givenUp = new Set(task.givenUp);
  const substitutions: Substitution[] = [];
  let broken: unknown = null;
  while (broken === null) {
    const kinds = currentKinds(chains, givenUp);
    const batch = task.pending.filter((row) => kinds.has(row.kind) && !outcomes.has(row));
    if (batch.length === 0) break;
    try {
      const answers = await sendResults(destination, batch, options);
      batch.forEach((row, index) => outcomes.set(row, answers[index]!));
    } catch (error) {
      broken = error;
    }
    for (const { kind, why } of refusedKinds(outcomes, kinds)) {
      const instead = nextAfter(kind, chains, givenUp);
      if (instead === undefined) continue;
      givenUp.add(kind);
      substitutions.push({ kind, instead, why });
    }
  }
  const kinds = currentKinds(chains, givenUp);
  const missing = [...outcomes].filter(([row, outcome]) => kinds.has(row.kind) && outcome.kind !== 'stored');
  return {
    stored: [...outcomes].flatMap(([row, outcome]) => (outcome.kind === 'stored' ? [{ row, outcome }] : [])),
    substitutions,
    settled: broken === null && missing.every(([, outcome]) => isLasting(outcome)),
    error:
      broken ??
      notTaken(
        destination,
        missing.map(([, outcome]) => outcome),
        outcomes.size,
      ),
  };
}

function isLasting(outcome: SendOutcome): boolean {
  return outcome.kind !== 'stored' && outcome.lasting;
}

function refusedKinds(
  outcomes: ReadonlyMap<ResultRow, SendOutcome>,
  kinds: ReadonlySet<string>,
): readonly { readonly kind: string; readonly why: string }[] {
  return [...kinds].flatMap((kind) => {
    const refusal = [...outcomes].find(([row, outcome]) => row.kind === kind && isLasting(outcome))?.[1];
    return refusal === undefined || refusal.kind === 'stored' ? [] : [{ kind, why: refusal.text }];
  });
}

async function record(
  transaction: Transaction,
  sent: Sent,
  to: { destination: Destination; analysisId: number; options: DeliverOptions },
): Promise<void> {
  const { destination, analysisId, options } = to;
  const { name } = destination;
  const now = options.now();
  for (const { row, outcome } of sent.stored) {
    const { status, transferSyntaxUid } = outcome;
    await transaction
      .insertInto('delivered')
      .values({
        result_id: row.id,
        destination: name,
        status,
        delivered_at: now,
        transfer_syntax_uid: transferSyntaxUid,
        committed_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  for (const substitution of sent.substitutions) {
    await transaction
      .insertInto('given_up')
      .values({ analysis_id: analysisId, destination: name, ...substitution, given_up_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if (sent.stored.length > 0) await enqueueCommitment(transaction, destination, analysisId, now);
  if (sent.settled) await enqueueNotices(transaction, destination, analysisId, now);
}

function tell(
  sent: Sent,
  {
    destination,
    analysisId,
    options,
  }: { destination: Destination; analysisId: number; options: DeliverOptions },
): void {
  const about = { destination: destination.name, analysisId };
  for (const substitution of sent.substitutions) options.events.givenUp({ ...about, ...substitution });
  const instances = sent.stored.filter(
    ({ row, outcome }) =>
      wantedSyntax(destination, row) !== row.transfer_syntax_uid &&
      outcome.transferSyntaxUid !== wantedSyntax(destination, row),
  ).length;
  if (instances > 0) options.events.uncompressed({ ...about, wanted: destination.compression, instances });
  if (sent.error === null && sent.stored.length > 0)
    options.events.delivered({ ...about, stored: sent.stored.length });
}

function notTaken(
  destination: Destination,
  missing: readonly SendOutcome[],
  total: number,
): WillisError | null {
  const first = missing[0];
  if (first === undefined) return null;
  const why = first.kind === 'stored' ? '' : first.text;
  const who = destination.type === 'stow-rs' ? destination.url : destination.aeTitle;
  return new WillisError(
    'RESULTS_NOT_TAKEN',
    `${destination.name} (${who}) took ${total - missing.length} of ${total} results. First refusal: ${why}`,
    { retry: 'later' },
  );
}
