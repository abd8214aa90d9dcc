import type { Database, Transaction } from '../archive/index.ts';
import { WillisError, describeError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import { bury, claim, complete, dueQueues, heartbeat, release, rescue, type Job } from './queue.ts';
import { kindUnknown, postponeKind, reviveKinds } from './unserved.ts';

interface Work {
  /** Runs in the transaction that closes the job: its result and the next jobs, or none of it. */
  readonly commit: (transaction: Transaction) => Promise<void>;
  /** Runs once that is committed, and only then: what is told has happened. */
  readonly told?: () => void;
}

/** How a job ended. */
export type JobOutcome =
  | ({ readonly kind: 'done' } & Work)
  /** Not yet: the same job again at `dueAt`, with no attempt burnt. */
  | { readonly kind: 'again'; readonly dueAt: number }
  /** Part of the work is done and kept; the rest is tried again as after any failure. */
  | ({ readonly kind: 'failed'; readonly error: unknown } & Work);

export interface JobHandler {
  readonly maxAttempts: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly run: (job: Job, stopping: AbortSignal) => Promise<JobOutcome>;
  /** What must be true when the job is given up, in the same transaction. */
  readonly onDead: (transaction: Transaction, job: Job, error: unknown) => Promise<void>;
}

export interface RunnerOptions {
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly now: () => number;
  readonly newToken: () => string;
  readonly random: () => number;
}

export interface RunnerEvents {
  readonly onFailure: (job: Job, error: unknown, next: 'retry' | 'dead', dueAt: number) => void;
  readonly onRescue: (count: number) => void;
}

/** Runs due jobs, one at a time a queue, until disposed; what runs then is handed back with no attempt burnt. */
export interface Runner extends AsyncDisposable {
  /** Look for due jobs now instead of at the next poll. */
  wake(): void;
}

/** Starts the job runner on this process's own database: jobs left running by a dead process are freed first. `handlers` may change. */
export async function startRunner(
  database: Database,
  handlers: ReadonlyMap<string, JobHandler>,
  options: RunnerOptions,
  events: RunnerEvents,
): Promise<Runner> {
  const runner = new JobRunner(database, handlers, options, events);
  const rescued = await rescue(database, options.now(), true);
  if (rescued > 0) events.onRescue(rescued);
  runner.start();
  return runner;
}

/** A job that was running at this many ends of the process is taken for their cause. */
const mostInterruptions = 20;
/** Work of a kind that nobody runs, as of a destination that was taken out, is looked at again after so long. */
const unservedMs = 300_000;

class JobRunner implements Runner {
  private readonly database: Database;
  private readonly handlers: ReadonlyMap<string, JobHandler>;
  private readonly options: RunnerOptions;
  private readonly events: RunnerEvents;
  private readonly stopping = new AbortController();
  private readonly busy = new Map<string, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  /** Kinds that somebody ran at the last look. */
  private served: ReadonlySet<string> = new Set();
  private looking: Promise<void> = Promise.resolve();

  constructor(
    database: Database,
    handlers: ReadonlyMap<string, JobHandler>,
    options: RunnerOptions,
    events: RunnerEvents,
  ) {
    this.database = database;
    this.handlers = handlers;
    this.options = options;
    this.events = events;
  }

  start(): void {
    this.timer = setInterval(() => this.wake(), this.options.pollMs);
    this.wake();
  }

  wake(): void {
    this.looking = this.looking
      .then(() => this.look())
      .catch((error: unknown) => this.reportLookFailure(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.looking;
    await Promise.all(this.busy.values());
  }

  private async look(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const freed = await rescue(this.database, this.options.now(), false);
    if (freed > 0) this.events.onRescue(freed);
    await this.reviveServed();
    for (const queue of await dueQueues(this.database, this.options.now())) {
      if (this.busy.has(queue)) continue;
      const work = this.drain(queue)
        .catch((error: unknown) => this.reportLookFailure(error))
        .finally(() => this.busy.delete(queue));
      this.busy.set(queue, work);
    }
  }

  private async reviveServed(): Promise<void> {
    const served = new Set(this.handlers.keys());
    const appeared = [...served].filter((kind) => !this.served.has(kind));
    if (appeared.length > 0) await reviveKinds(this.database, appeared, this.options.now());
    this.served = served;
  }

  private async drain(queue: string): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const { now, newToken, leaseMs } = this.options;
      const job = await claim(this.database, queue, { token: newToken(), now: now(), leaseMs });
      if (job === undefined) return;
      await this.runOne(job);
    }
  }

  private async runOne(job: Job): Promise<void> {
    const handler = this.handlers.get(job.kind);
    if (handler === undefined) await this.postpone(job);
    else await this.runBy(handler, job);
  }

  private async runBy(handler: JobHandler, job: Job): Promise<void> {
    const beat = setInterval(() => {
      heartbeat(this.database, job, this.options.now() + this.options.leaseMs).catch((error: unknown) =>
        this.reportLookFailure(error),
      );
    }, this.options.leaseMs / 3);
    try {
      requireHarmless(job);
      await this.settle(handler, job, await handler.run(job, this.stopping.signal));
    } catch (error) {
      await this.fail(handler, job, { error, commit: nothing });
    } finally {
      clearInterval(beat);
    }
  }

  /** Nobody runs its kind: it waits with all its like until somebody does, told once for all of them. */
  private async postpone(job: Job): Promise<void> {
    const now = this.options.now();
    const dueAt = now + unservedMs;
    const error = kindUnknown(job);
    await this.database.transaction().execute(async (transaction) => {
      await release(transaction, job, { dueAt, now, error: describeError(error), burnAttempt: false });
      await postponeKind(transaction, job.kind, { now, dueAt });
    });
    this.events.onFailure(job, error, 'retry', dueAt);
  }

  private async settle(handler: JobHandler, job: Job, outcome: JobOutcome): Promise<void> {
    if (outcome.kind === 'failed') {
      await this.fail(handler, job, outcome);
      return;
    }
    await this.database.transaction().execute(async (transaction) => {
      const now = this.options.now();
      const owned =
        outcome.kind === 'done'
          ? await complete(transaction, job, now)
          : await release(transaction, job, { dueAt: outcome.dueAt, now, error: null, burnAttempt: false });
      if (!owned) throw leaseLost(job);
      if (outcome.kind === 'done') await outcome.commit(transaction);
    });
    if (outcome.kind === 'done') outcome.told?.();
    this.wake();
  }

  private async fail(
    handler: JobHandler,
    job: Job,
    { error, commit, told }: { error: unknown } & Work,
  ): Promise<void> {
    const now = this.options.now();
    const interrupted = this.stopping.signal.aborted;
    const dueAt = interrupted ? now : now + this.retryMs(handler, job);
    const dead = !interrupted && isHopeless(handler, job, error);
    const owned = await this.database.transaction().execute(async (transaction) => {
      const text = describeError(error);
      const isOurs = dead
        ? await bury(transaction, job, { now, error: text })
        : await release(transaction, job, { dueAt, now, error: text, burnAttempt: !interrupted });
      // Another worker has the job: what this one did is its to decide.
      if (!isOurs) return false;
      await commit(transaction);
      if (dead) await handler.onDead(transaction, job, error);
      return true;
    });
    if (owned) told?.();
    if (!interrupted) this.events.onFailure(job, error, dead ? 'dead' : 'retry', dueAt);
  }

  private retryMs(handler: JobHandler, job: Job): number {
    const { firstRetryMs, longestRetryMs } = handler;
    return backoffMs(
      { firstMs: firstRetryMs, longestMs: longestRetryMs },
      job.attempt,
      this.options.random(),
    );
  }

  private reportLookFailure(error: unknown): void {
    const job = {
      id: 0,
      kind: 'queue',
      queue: 'queue',
      key: 'queue',
      payload: null,
      attempt: 0,
      interruptions: 0,
      leaseToken: '',
    };
    this.events.onFailure(job, error, 'retry', this.options.now() + this.options.pollMs);
  }
}

function isHopeless(handler: JobHandler, job: Job, error: unknown): boolean {
  if (job.attempt >= handler.maxAttempts || job.interruptions >= mostInterruptions) return true;
  return error instanceof WillisError && error.retry === 'never';
}

/** Throws JOB_WORKER_LOST where the job ended too many processes. */
function requireHarmless(job: Job): void {
  if (job.interruptions < mostInterruptions) return;
  throw new WillisError(
    'JOB_WORKER_LOST',
    `The process stopped ${job.interruptions} times while it ran ${job.key}; it is taken for the cause.`,
  );
}

function leaseLost(job: Job): WillisError {
  return new WillisError(
    'JOB_LEASE_LOST',
    `Another worker took over ${job.key} while this one still ran it.`,
    {
      retry: 'later',
    },
  );
}

async function nothing(): Promise<void> {
  // a failure that left nothing to keep
}
