import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { WillisError, describeError } from '../../errors.ts';
import type { Budget } from './budget.ts';

/**
 * Unpacks the files of a ZIP archive into `folder` under names of our own. What its directory claims about sizes is not believed:
 * bytes are counted as they come out. Archives inside archives stay packed. Throws REQUEST_INVALID or UPLOAD_TOO_LARGE.
 */
export async function unpack(archive: string, folder: string, budget: Budget): Promise<readonly string[]> {
  return await unpackAs(archive, { budget, placeOf: () => path.join(folder, budget.nextName()) });
}

/** The same with places of the caller's choice, who judges each entry's name and may throw. */
export async function unpackAs(
  archive: string,
  to: { readonly budget: Budget; readonly placeOf: (name: string) => string },
): Promise<readonly string[]> {
  try {
    const zip = await yauzl.openPromise(archive, { lazyEntries: true, autoClose: false });
    try {
      return await unpackAll(zip, to);
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof WillisError) throw error;
    throw new WillisError('REQUEST_INVALID', `The ZIP archive cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}

async function unpackAll(
  zip: ZipFile,
  { budget, placeOf }: Parameters<typeof unpackAs>[1],
): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
    if (entry.fileName.endsWith('/')) continue;
    const file = placeOf(entry.fileName);
    const stream = await zip.openReadStreamPromise(entry);
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        try {
          budget.spend(chunk.length);
          done(null, chunk);
        } catch (error) {
          done(error as Error);
        }
      },
    });
    await pipeline(stream, counted, createWriteStream(file, { flags: 'wx' }));
    files.push(file);
  }
  return files;
}
