import { Worker } from 'node:worker_threads';
import { WillisError } from '../errors.ts';
import type { EngineOptions, SeriesOutcome, SeriesTask } from './task.ts';

/** Runs analyses off the main thread, one at a time: `session.run` blocks the thread it is on. */
export interface AnalysisWorker extends AsyncDisposable {
  /** Rejects with the analysis' own error, or WORKER_DIED (later) where the worker ended under it. */
  run(task: SeriesTask): Promise<SeriesOutcome>;
}

export function openAnalysisWorker(engine: EngineOptions): AnalysisWorker {
  return new ComputeWorker(engine);
}

/** What the worker thread answers; errors cross as data, since classes do not survive the copy. */
export type WorkerAnswer =
  | { readonly kind: 'outcome'; readonly outcome: SeriesOutcome }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly retry: 'later' | 'never';
    };

class ComputeWorker implements AnalysisWorker {
  private readonly engine: EngineOptions;
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private answerTo: (answer: WorkerAnswer) => void = ignore;

  constructor(engine: EngineOptions) {
    this.engine = engine;
  }

  async run(task: SeriesTask): Promise<SeriesOutcome> {
    const turn = this.last.then(() => this.runNow(task));
    this.last = turn.catch(() => undefined);
    return await turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker?.terminate();
  }

  private async runNow(task: SeriesTask): Promise<SeriesOutcome> {
    const worker = (this.worker ??= this.start());
    const answer = await new Promise<WorkerAnswer>((resolve) => {
      this.answerTo = resolve;
      worker.postMessage(task);
    });
    if (answer.kind === 'outcome') return answer.outcome;
    throw new WillisError(answer.code, answer.message, { retry: answer.retry });
  }

  private start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.engine });
    worker.on('message', (answer: WorkerAnswer) => this.answerTo(answer));
    worker.on('error', (error: Error) => this.replace(error.message));
    worker.on('exit', (code) => this.replace(`exit status ${code}`));
    return worker;
  }

  /** The next task gets a new worker; the one that waits for this worker is told. */
  private replace(how: string): void {
    this.worker = undefined;
    this.answerTo(this.died(how));
  }

  private died(how: string): WorkerAnswer {
    const message = `The compute worker ended while it analysed a series (${how}). If it happens again, look at the machine's memory.`;
    return { kind: 'error', code: 'WORKER_DIED', message, retry: 'later' };
  }
}

function ignore(): void {
  // nobody waits: an idle worker that ends is simply replaced
}
