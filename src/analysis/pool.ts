import { Worker } from 'node:worker_threads';
import { WillisError } from '../errors.ts';
import type { EnginesOptions, RemoteState } from '../inference/index.ts';
import type { SeriesOutcome, SeriesTask } from './task.ts';

/** Runs analyses off the main thread, one at a time: `session.run` blocks the thread it is on. */
export interface AnalysisWorker extends AsyncDisposable {
  /** Rejects with the analysis' own error, or WORKER_DIED (later) where the worker ended under it. */
  run(task: SeriesTask): Promise<SeriesOutcome>;
  /** Asks the inference servers of these bundles whether they are ready and run their weights; none where this machine runs all. */
  look(bundleFolders: readonly string[]): Promise<readonly RemoteState[]>;
  /** How far the probabilities of a bundle's golden vectors are from the kit's, on what computes here. Rejects with BUNDLE_INVALID. */
  golden(bundleFolder: string): Promise<number>;
}

export function openAnalysisWorker(engine: EnginesOptions): AnalysisWorker {
  return new ComputeWorker(engine);
}

export type WorkerQuestion =
  | { readonly kind: 'analyse'; readonly task: SeriesTask }
  | { readonly kind: 'look'; readonly bundleFolders: readonly string[] }
  | { readonly kind: 'golden'; readonly bundleFolder: string };

/** What the worker thread answers; errors cross as data, since classes do not survive the copy. */
export type WorkerAnswer =
  | { readonly kind: 'outcome'; readonly outcome: SeriesOutcome }
  | { readonly kind: 'states'; readonly states: readonly RemoteState[] }
  | { readonly kind: 'difference'; readonly difference: number }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly retry: 'later' | 'never';
    };

class ComputeWorker implements AnalysisWorker {
  private readonly engine: EnginesOptions;
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private answerTo: (answer: WorkerAnswer) => void = ignore;

  constructor(engine: EnginesOptions) {
    this.engine = engine;
  }

  async run(task: SeriesTask): Promise<SeriesOutcome> {
    const answer = await this.ask({ kind: 'analyse', task });
    if (answer.kind === 'outcome') return answer.outcome;
    throw unexpected(answer);
  }

  async look(bundleFolders: readonly string[]): Promise<readonly RemoteState[]> {
    const answer = await this.ask({ kind: 'look', bundleFolders });
    if (answer.kind === 'states') return answer.states;
    throw unexpected(answer);
  }

  async golden(bundleFolder: string): Promise<number> {
    const answer = await this.ask({ kind: 'golden', bundleFolder });
    if (answer.kind === 'difference') return answer.difference;
    throw unexpected(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker?.terminate();
  }

  /** One question at a time, in the order of asking. */
  private async ask(question: WorkerQuestion): Promise<WorkerAnswer> {
    const turn = this.last.then(() => this.askNow(question));
    this.last = turn.catch(() => undefined);
    return await turn;
  }

  private async askNow(question: WorkerQuestion): Promise<WorkerAnswer> {
    const worker = (this.worker ??= this.start());
    const answer = await new Promise<WorkerAnswer>((resolve) => {
      this.answerTo = resolve;
      worker.postMessage(question);
    });
    if (answer.kind !== 'error') return answer;
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

function unexpected({ kind }: WorkerAnswer): Error {
  return new Error(`the compute worker answered "${kind}" to another question`);
}

function ignore(): void {
  // nobody waits: an idle worker that ends is simply replaced
}
