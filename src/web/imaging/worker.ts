import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { decodeFrame, readInstance, type Instance } from '../../dicom/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import { encodeNifti, loadVolume } from '../../volume/index.ts';
import type { ImagingAnswer } from './imaging.ts';
import { makePicture } from './picture.ts';
import type { ImagingResults, ImagingTask } from './tasks.ts';

/** The thread that decodes pixels for the web. */
parentPort?.on('message', (task: ImagingTask) => {
  void answer(task).then((given) => parentPort?.postMessage(given, buffersOf(given)));
});

async function answer(task: ImagingTask): Promise<ImagingAnswer> {
  try {
    return { kind: 'done', result: await work(task) };
  } catch (error) {
    const code = error instanceof WillisError ? error.code : 'PIXEL_DATA_INVALID';
    return { kind: 'error', code, message: error instanceof WillisError ? error.message : describeError(error) };
  }
}

async function work(task: ImagingTask): Promise<ImagingResults[keyof ImagingResults]> {
  switch (task.kind) {
    case 'volume': {
      const instances: Instance[] = [];
      for (const path of task.paths) instances.push(readInstance(await readFile(path)));
      return encodeNifti((await loadVolume(instances)).volume, 'integers');
    }
    case 'frames': {
      const instance = readInstance(await readFile(task.path));
      const frames: Uint8Array[] = [];
      for (const frame of task.frames) frames.push(bytesOf((await decodeFrame(instance, frame)).data));
      return frames;
    }
    case 'picture':
      return await makePicture(readInstance(await readFile(task.path)), task.frame, task.window);
  }
}

function bytesOf(data: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice();
}

/** Big results change hands instead of being copied. */
function buffersOf(given: ImagingAnswer): ArrayBuffer[] {
  if (given.kind === 'error') return [];
  const { result } = given;
  const arrays = 'data' in result ? [result.data] : [result].flat();
  return arrays.map((one) => (one as Uint8Array).buffer as ArrayBuffer);
}
