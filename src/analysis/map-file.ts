import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeNifti, type Volume } from '../volume/index.ts';

/** File in a result folder with the network's probability map, for the viewer; absent where the network did not run. */
export const mapFileName = 'probability.nii.gz';

const compress = promisify(gzip);

/** Writes the map as bytes 0..255 for 0..1: mostly zero, so it shrinks to a few kilobytes. */
export async function writeMap(folder: string, probability: Volume | undefined): Promise<void> {
  if (probability === undefined) return;
  const bytes = await compress(encodeNifti(probability, 'unit-bytes'), { level: 3 });
  const handle = await open(path.join(folder, mapFileName), 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
