import { Worker } from 'node:worker_threads';
import { WillisError } from '../errors.ts';

/** Compresses result files on a thread of its own: a frame takes tens of ms, in which no instance could be received. */
export interface Compressor extends AsyncDisposable {
  /** The data set of a file in another transfer syntax. Throws as `transcodeDataset` does, or WORKER_DIED (later). */
  compress(path: string, transferSyntaxUid: string): Promise<Buffer>;
}

/** What the thread is asked, one file at a time. */
export interface CompressRequest {
  readonly path: string;
  readonly transferSyntaxUid: string;
}

export type CompressAnswer =
  | { readonly kind: 'dataset'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly retry: 'later' | 'never';
    };

/** The thread starts with the first file. */
export function openCompressor(): Compressor {
  let worker: Worker | undefined;
  return {
    compress: async (path, transferSyntaxUid) => {
      worker ??= new Worker(new URL('./compress-worker.ts', import.meta.url));
      const answer = await answerOf(worker, { path, transferSyntaxUid });
      if (answer.kind === 'error')
        throw new WillisError(answer.code, answer.message, { retry: answer.retry });
      const { bytes } = answer;
      return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    },
    [Symbol.asyncDispose]: async () => {
      await worker?.terminate();
    },
  };
}

async function answerOf(worker: Worker, request: CompressRequest): Promise<CompressAnswer> {
  return await new Promise((resolve) => {
    const settle = (answer: CompressAnswer): void => {
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      resolve(answer);
    };
    worker.on('message', settle);
    worker.on('error', (error: Error) => settle(died(error.message)));
    worker.on('exit', (code) => settle(died(`exit status ${code}`)));
    worker.postMessage(request);
  });
}

function died(how: string): CompressAnswer {
  const message = `The thread that compresses results ended (${how}). If it happens again, look at the machine's memory.`;
  return { kind: 'error', code: 'WORKER_DIED', message, retry: 'later' };
}
