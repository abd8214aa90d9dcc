import type { Database, InstanceRow, SeriesRow, Transaction } from '../archive/index.ts';
import type { Reason } from '../findings/index.ts';
import { enqueue, type Job, type JobHandler, type JobOutcome } from '../jobs/index.ts';
import { checkStack, type FrameGeometry, type StackOutcome } from '../volume/index.ts';
import { inputIdentity } from './identity.ts';
import { numberingOf, type Numbering } from './numbering.ts';
import type { Explanation, Rule } from './rules.ts';
import { destinationsOf, ruleOn, type Ruling, type RulesInForce } from './ruling.ts';
import type { SeriesTraits } from './traits.ts';
import { transferOf, type Transfer } from './transfer.ts';

export interface AssembleOptions extends RulesInForce {
  readonly quietPeriodMs: number;
  readonly quietPeriodAfterReleaseMs: number;
  /** So long after a broken association, or refused images, their sender may come again. */
  readonly retryPeriodMs: number;
  /** So long an association that is open, but brings the series nothing more, is waited for. */
  readonly longestSilenceMs: number;
  /** Since when senders find the node listening; null while they do not yet. */
  readonly listeningSince: () => number | null;
  readonly now: () => number;
  readonly onJudged: (judgement: Judgement) => void;
  /** In the transaction that queues a series for analysis. */
  readonly onQueued?: (transaction: Transaction, seriesId: number) => Promise<void>;
}

/** What became of a series: the rule that takes it, or why none did. */
export interface Judgement {
  readonly seriesId: number;
  readonly seriesInstanceUid: string;
  readonly rule: Rule | null;
  readonly reason: Reason | null;
  readonly explanations: readonly Explanation[];
}

/** What an "analyse" job is told: the exact input set, and what intake already knows of it. */
export interface AnalyseRequest {
  readonly seriesId: number;
  readonly rule: string;
  readonly instanceIds: readonly number[];
  readonly inputSha256: string;
  /** Why the series was judged complete, for the reader of the result. */
  readonly completeness: string;
  /** Set where intake found that the series must not be analysed. */
  readonly reason: Reason | null;
  /** Set where the series may lack images: why nothing found in those that came is no negative. */
  readonly doubt?: Reason;
  /**
   * Who is told of a series that no rule takes; else where the rule sent results when it took the series, for the case that it goes.
   * Absent in what an earlier version queued.
   */
  readonly destinations?: readonly string[];
  /** Set where an operator asked for a new version although this input was analysed before: when he asked. */
  readonly reprocessAt?: number;
  /** Set where the result is out already: an earlier study may be compared as long as that takes. */
  readonly unhurried?: boolean;
}

/** Judges a quiet series: complete or not, a stack or not, and which rule takes it (design: assemble, match rules). */
export function assembleHandler(database: Database, options: AssembleOptions): JobHandler {
  return {
    maxAttempts: 5,
    firstRetryMs: 1000,
    longestRetryMs: 60_000,
    run: async (job) => await judge(database, options, (job.payload as { seriesId: number }).seriesId),
    onDead: async (transaction, job, error) => await giveUp(transaction, job, error),
  };
}

/** An operator wants a series analysed by `rule`, whatever the rules say and whatever was found before: a new version. */
export async function reprocessSeries(
  transaction: Transaction,
  asked: {
    readonly seriesId: number;
    readonly rule: Rule;
    readonly now: number;
    readonly unhurried?: boolean;
  },
): Promise<void> {
  const { seriesId, rule, now, unhurried = false } = asked;
  const read = await readSeries(transaction, seriesId);
  const reason = read.stack.kind === 'not-a-stack' ? read.stack.reason : null;
  const transfer = { ...read.transfer, doubt: null };
  const request = analyseRequest(
    { ...read, transfer },
    { by: rule, reason, destinations: destinationsOf(rule) },
  );
  await transaction
    .updateTable('series')
    .set({ state: 'queued', reason_code: null, reason_text: null })
    .where('id', '=', seriesId)
    .execute();
  await enqueue(transaction, analyseJob({ ...request, reprocessAt: now, unhurried }, now), now);
}

async function judge(database: Database, options: AssembleOptions, seriesId: number): Promise<JobOutcome> {
  const read = await readSeries(database, seriesId);
  const again = notYet(read, options);
  if (again !== null) return { kind: 'again', dueAt: again };
  const ruling = ruleOn(options, { ...read, unfit: incompleteness(read) });
  return {
    kind: 'done',
    commit: async (transaction) => {
      await follow(transaction, read, ruling, { now: options.now() });
      if (ruling.takenBy !== null) await options.onQueued?.(transaction, seriesId);
    },
    told: () => options.onJudged(judgementOf(read, ruling)),
  };
}

/**
 * A queued series whose rule left the configuration is judged by those in force; where none takes it, those are told whom its rule
 * had named. Null where a late image has reopened it: it is judged then, when it is quiet.
 */
export async function judgeAnew(
  transaction: Transaction,
  request: AnalyseRequest,
  options: RulesInForce & { readonly now: number },
): Promise<Judgement | null> {
  const { seriesId, rule, destinations = [], reprocessAt, unhurried } = request;
  const read = await readSeries(transaction, seriesId);
  if (read.series.state !== 'queued') return null;
  const ruling = ruleOn(options, { ...read, unfit: incompleteness(read) }, { rule, destinations });
  const asked = {
    ...(reprocessAt === undefined ? {} : { reprocessAt }),
    ...(unhurried === undefined ? {} : { unhurried }),
  };
  await follow(transaction, read, ruling, { now: options.now, asked });
  return judgementOf(read, ruling);
}

function judgementOf({ series }: ReadSeries, { takenBy, reason, explanations }: Ruling): Judgement {
  const { id: seriesId, series_instance_uid: seriesInstanceUid } = series;
  return { seriesId, seriesInstanceUid, rule: takenBy, reason, explanations };
}

/** To the analysis, which also makes the report of a series that must not be analysed; or, where nobody is told, to its end. */
async function follow(
  transaction: Transaction,
  read: ReadSeries,
  { by, reason, destinations }: Ruling,
  { now, asked = {} }: { now: number; asked?: Pick<AnalyseRequest, 'reprocessAt' | 'unhurried'> },
): Promise<void> {
  const seriesId = read.series.id;
  if (by === null) {
    await close(transaction, seriesId, reason!);
    return;
  }
  const request = { ...analyseRequest(read, { by, reason, destinations }), ...asked };
  await transaction
    .updateTable('series')
    .set({ state: 'queued', reason_code: null, reason_text: null })
    .where('id', '=', seriesId)
    .execute();
  await enqueue(transaction, analyseJob(request, now), now);
}

interface ReadSeries {
  readonly series: SeriesRow;
  readonly instances: readonly InstanceRow[];
  readonly frames: readonly FrameGeometry[];
  readonly traits: SeriesTraits;
  readonly stack: StackOutcome;
  readonly numbering: Numbering;
  readonly transfer: Transfer;
}

async function readSeries(database: Database | Transaction, seriesId: number): Promise<ReadSeries> {
  const series = await database
    .selectFrom('series')
    .selectAll()
    .where('id', '=', seriesId)
    .executeTakeFirstOrThrow();
  const instances = await database
    .selectFrom('instance')
    .selectAll()
    .where('series_id', '=', seriesId)
    .execute();
  const traits = JSON.parse(series.description) as SeriesTraits;
  const frames = instances.flatMap(framesOf);
  const stack = checkStack(frames, traits.expectedCount ?? undefined);
  return {
    ...{ series, instances, frames, traits, stack },
    numbering: numberingOf(stack.kind === 'stack' ? stack.frames : []),
    transfer: await transferOf(database, series.series_instance_uid),
  };
}

/** Why the series must not be read, or null. What may be missing is never a negative. */
function incompleteness({ stack, numbering, transfer }: ReadSeries): Reason | null {
  if (stack.kind === 'not-a-stack') return stack.reason;
  return numbering.reason ?? transfer.reason;
}

/** An open association is looked at this often at the most; its release is told at once. */
const shortestLookMs = 1000;

/**
 * When to look again, or null when the series can be judged now. Silence counts from the last image, and only while the node listens:
 * what a sender could not deliver while it was down is still to come, released or not. A sender whose association is open may pause
 * longer than any quiet period (between the slabs of an angiogram), and one that broke off comes again in its own time.
 */
function notYet({ series, stack, numbering, transfer }: ReadSeries, options: AssembleOptions): number | null {
  const now = options.now();
  const listeningSince = options.listeningSince() ?? now;
  const silentSince = Math.max(series.last_received_at, listeningSince);
  const openUntil = silentSince + options.longestSilenceMs;
  if (transfer.isOpen && now < openUntil)
    return Math.min(openUntil, now + Math.max(shortestLookMs, options.quietPeriodMs));
  const retryUntil = Math.max(silentSince, transfer.brokenSince ?? 0) + options.retryPeriodMs;
  if (transfer.brokenSince !== null && now < retryUntil) return retryUntil;
  const quietAt = silentSince + options.quietPeriodMs;
  if (now >= quietAt) return null;
  const isOdd = stack.kind === 'not-a-stack' || numbering.reason !== null || numbering.remark !== null;
  if (isOdd || series.last_received_at < listeningSince) return quietAt;
  const releasedAt = series.last_received_at + options.quietPeriodAfterReleaseMs;
  return now >= releasedAt ? null : Math.min(releasedAt, quietAt);
}

function analyseRequest(
  read: ReadSeries,
  { by, reason, destinations }: { by: Rule } & Pick<Ruling, 'reason' | 'destinations'>,
): AnalyseRequest {
  const { series, instances, transfer } = read;
  return {
    seriesId: series.id,
    rule: by.name,
    instanceIds: instances.map((instance) => instance.id),
    inputSha256: inputIdentity(instances.map(inputOf)),
    completeness: completeness(read),
    reason,
    ...(transfer.doubt === null ? {} : { doubt: transfer.doubt }),
    destinations,
  };
}

function inputOf(instance: InstanceRow): Parameters<typeof inputIdentity>[0][0] {
  return { sopInstanceUid: instance.sop_instance_uid, frames: framesOf(instance) };
}

function framesOf({ frames }: InstanceRow): readonly FrameGeometry[] {
  return JSON.parse(frames) as FrameGeometry[];
}

function completeness({ frames, traits, numbering, transfer }: ReadSeries): string {
  const count =
    traits.expectedCount === null
      ? `${frames.length} slices, no more came for the quiet period; the scanner announced no number`
      : `${frames.length} of ${traits.expectedCount} announced slices`;
  const remarks = [
    ...(numbering.remark === null ? [] : [numbering.remark]),
    ...(transfer.brokenSince === null ? [] : ['the transfer broke off and was not completed']),
    ...(transfer.brokenSince === null && transfer.doubt !== null
      ? ['the sender aborted the association between two images']
      : []),
    ...(transfer.isOpen || transfer.fellSilent ? ['the sender ended without a release'] : []),
  ];
  return [count, ...remarks].join('. ');
}

/** Payload and key of the job that analyses one input set. */
export function analyseJob(
  request: AnalyseRequest,
  dueAt: number,
): { kind: string; queue: string; key: string; payload: AnalyseRequest; dueAt: number } {
  const again = request.reprocessAt === undefined ? '' : `:${request.reprocessAt}`;
  const key = `analyse:${request.seriesId}:${request.inputSha256}${again}`;
  return { kind: 'analyse', queue: 'analyse', key, payload: request, dueAt };
}

async function close(transaction: Transaction, seriesId: number, reason: Reason): Promise<void> {
  await transaction
    .updateTable('series')
    .set({ state: 'not-analysed', reason_code: reason.code, reason_text: reason.text })
    .where('id', '=', seriesId)
    .execute();
}

async function giveUp(transaction: Transaction, job: Job, error: unknown): Promise<void> {
  const { seriesId } = job.payload as { seriesId: number };
  const text = error instanceof Error ? error.message : String(error);
  await close(transaction, seriesId, {
    code: 'ASSEMBLY_FAILED',
    text: `The series could not be judged: ${text}`,
  });
}
