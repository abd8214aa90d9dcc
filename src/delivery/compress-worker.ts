import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { transcodeDataset } from '../dicom/index.ts';
import { WillisError, describeError } from '../errors.ts';
import type { CompressAnswer, CompressRequest } from './compressor.ts';

parentPort?.on('message', (request: CompressRequest) => {
  void answer(request).then((given) => parentPort?.postMessage(given));
});

async function answer({ path, transferSyntaxUid }: CompressRequest): Promise<CompressAnswer> {
  try {
    return { kind: 'dataset', bytes: await transcodeDataset(await readFile(path), transferSyntaxUid) };
  } catch (error) {
    const message = describeError(error);
    if (error instanceof WillisError)
      return { kind: 'error', code: error.code, message: error.message, retry: error.retry };
    return { kind: 'error', code: 'SYNTAX_NOT_WRITABLE', message, retry: 'never' };
  }
}
