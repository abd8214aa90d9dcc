import { open } from 'node:fs/promises';
import path from 'node:path';
import type { PipelineOutput } from '../pipelines/index.ts';

/** File in a result folder with the probabilities slice by slice, for the viewer; absent where the pipeline has none. */
export const slicesFileName = 'slices.json';

/** What lies in the file: one list a class, a value 0..1 a slice in stack order. */
export type SlicesFile = NonNullable<PipelineOutput['sliceProbabilities']>;

export async function writeSlices(folder: string, slices: SlicesFile | undefined): Promise<void> {
  if (slices === undefined) return;
  const rounded = slices.map((one) => ({
    ...one,
    values: one.values.map((value) => Number(value.toFixed(4))),
  }));
  const handle = await open(path.join(folder, slicesFileName), 'wx');
  try {
    await handle.writeFile(JSON.stringify(rounded));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
