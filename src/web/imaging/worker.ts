import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { decodeFrame, readInstance, type Instance } from '../../dicom/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import { encodeNifti, loadVolume, percentiles } from '../../volume/index.ts';
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
    return {
      kind: 'error',
      code,
      message: error instanceof WillisError ? error.message : describeError(error),
    };
  }
}

async function work(task: ImagingTask): Promise<ImagingResults[keyof ImagingResults]> {
  switch (task.kind) {
    case 'volume': {
      const instances: Instance[] = [];
      for (const path of task.paths) instances.push(readInstance(await readFile(path)));
      const { volume } = await loadVolume(instances);
      return encodeNifti(volume, 'integers', windowOf(volume.data));
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

const sampleEvery = 61;

/** Arteries are the brightest few per mille of an angiogram: the window ends above all but those. */
function windowOf(data: Float32Array): { low: number; high: number } {
  const sample = new Float32Array(Math.ceil(data.length / sampleEvery));
  for (let index = 0; index < sample.length; index += 1) sample[index] = data[index * sampleEvery]!;
  const [low = 0, high = 1] = percentiles(sample, [1, 99.95]);
  return { low, high: Math.max(high, low + 1) };
}

function bytesOf(data: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice();
}

/** Big results change hands instead of being copied. */
function buffersOf(given: ImagingAnswer): ArrayBuffer[] {
  if (given.kind === 'error') return [];
  const { result } = given;
  const arrays = 'data' in result ? [result.data] : [result].flat();
  return arrays.map((one) => one.buffer as ArrayBuffer);
}
