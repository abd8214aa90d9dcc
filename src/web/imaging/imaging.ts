import { Worker } from 'node:worker_threads';
import { WillisError } from '../../errors.ts';
import type { ImagingResults, ImagingTask, Window } from './tasks.ts';

/** Decodes on a thread of its own, one task after another. */
export interface Imaging extends AsyncDisposable {
  /** Files of one series to a NIfTI-1 volume, as bytes. */
  volume(paths: readonly string[]): Promise<ImagingResults['volume']>;
  /** Frames (0-based) of one file, decoded. */
  frames(path: string, frames: readonly number[]): Promise<ImagingResults['frames']>;
  picture(path: string, frame: number, window: Window | null): Promise<ImagingResults['picture']>;
}

export function startImaging(): Imaging {
  const thread = new ImagingThread();
  return {
    volume: async (paths) => (await thread.run({ kind: 'volume', paths })) as ImagingResults['volume'],
    frames: async (path, frames) =>
      (await thread.run({ kind: 'frames', path, frames })) as ImagingResults['frames'],
    picture: async (path, frame, window) =>
      (await thread.run({ kind: 'picture', path, frame, window })) as ImagingResults['picture'],
    [Symbol.asyncDispose]: async () => await thread[Symbol.asyncDispose](),
  };
}

export type ImagingAnswer =
  | { readonly kind: 'done'; readonly result: ImagingResults[keyof ImagingResults] }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** More waiting tasks than this are refused: a page asks for a few at a time. */
const mostWaiting = 64;

class ImagingThread implements AsyncDisposable {
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private answerTo: (answer: ImagingAnswer) => void = ignore;

  async run(task: ImagingTask): Promise<ImagingResults[keyof ImagingResults]> {
    if (this.waiting >= mostWaiting)
      throw new WillisError('NODE_BUSY', 'Too many pictures are asked for at once.', { retry: 'later' });
    this.waiting += 1;
    const turn = this.last.then(async () => await this.runNow(task));
    this.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.waiting -= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker?.terminate();
  }

  private async runNow(task: ImagingTask): Promise<ImagingResults[keyof ImagingResults]> {
    const worker = (this.worker ??= this.start());
    const answer = await new Promise<ImagingAnswer>((resolve) => {
      this.answerTo = resolve;
      worker.postMessage(task);
    });
    if (answer.kind === 'done') return answer.result;
    throw new WillisError(answer.code, answer.message);
  }

  private start(): Worker {
    const limits = { maxOldGenerationSizeMb: 2048 };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits: limits });
    worker.unref();
    worker.on('message', (answer: ImagingAnswer) => this.answerTo(answer));
    worker.on('error', (error) => this.replace((error as Error).message));
    worker.on('exit', (code) => this.replace(`exit status ${code}`));
    return worker;
  }

  private replace(how: string): void {
    this.worker = undefined;
    const message = `The pictures could not be made: their thread ended (${how}).`;
    this.answerTo({ kind: 'error', code: 'WORKER_DIED', message });
  }
}

function ignore(): void {
  // nobody waits: an idle thread that ends is simply replaced
}
