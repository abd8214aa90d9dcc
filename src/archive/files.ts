import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { open, readdir, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from './database.ts';

/** Where instance and result files lie. Paths in the index are relative to the data folder, so that it can be moved. */
export interface ArchiveFiles {
  readonly dataDir: string;
  /** A new absolute path for a received instance, in a folder that exists. */
  allocateInstance(): string;
  /** The folder of one analysis' results; it appears whole by `publishFolder`, so a crash leaves no half set. */
  resultFolder(name: string): string;
  relative(absolute: string): string;
  absolute(relative: string): string;
}

export function openFiles(dataDir: string, today: () => Date): ArchiveFiles {
  const root = path.resolve(dataDir);
  const made = new Set<string>();
  return {
    dataDir: root,
    allocateInstance() {
      const folder = path.join(root, 'instances', today().toISOString().slice(0, 10));
      if (!made.has(folder)) {
        mkdirSync(folder, { recursive: true });
        made.add(folder);
      }
      return path.join(folder, `${randomUUID()}.dcm`);
    },
    resultFolder: (name) => path.join(root, 'results', name),
    relative: (absolute) => path.relative(root, absolute),
    absolute: (relative) => path.join(root, relative),
  };
}

/** Renames a finished folder into place and flushes its parent: after this it survives a power cut. */
export async function publishFolder(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await rename(from, to);
  await syncFolder(path.dirname(to));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Deletes instance files without an index row. They were cut off before their acknowledgement, so no peer counts on them.
 * Call before the receiver starts. Returns how many there were.
 */
export async function removeOrphans(database: Database, files: ArchiveFiles): Promise<number> {
  const known = await knownPaths(database);
  const folder = path.join(files.dataDir, 'instances');
  let removed = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(emptyWhenMissing)) {
    const absolute = path.join(folder, name);
    if (!name.endsWith('.dcm') || known.has(files.relative(absolute))) continue;
    await unlink(absolute);
    removed += 1;
  }
  return removed;
}

/** True when both Part 10 files hold the same data set, byte for byte; their File Meta Information may differ. */
export async function sameDataset(first: string, second: string): Promise<boolean> {
  const [one, other] = await Promise.all([datasetChunks(first), datasetChunks(second)]);
  if (one.length !== other.length) return false;
  const chunks = other.stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of one.stream) {
    while (rest.length < chunk.length) {
      const next = await chunks.next();
      if (next.done === true) return false;
      rest = Buffer.concat([rest, next.value]);
    }
    if (!rest.subarray(0, chunk.length).equals(chunk)) {
      one.stream.destroy();
      other.stream.destroy();
      return false;
    }
    rest = rest.subarray(chunk.length);
  }
  return true;
}

async function knownPaths(database: Database): Promise<ReadonlySet<string>> {
  const instances = await database.selectFrom('instance').select('path').execute();
  const copies = await database.selectFrom('instance_copy').select('path').execute();
  return new Set([...instances, ...copies].map((row) => row.path));
}

interface DatasetChunks {
  readonly length: number;
  readonly stream: AsyncIterable<Buffer> & { destroy(): void };
}

async function datasetChunks(file: string): Promise<DatasetChunks> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = await datasetOffset(handle);
    return { length: size - start, stream: createReadStream(file, { start, highWaterMark: 1 << 20 }) };
  } finally {
    await handle.close();
  }
}

/** Part 10 (PS3.10 7.1): 128 bytes, DICM, then (0002,0000) UL whose value counts the rest of the group. */
async function datasetOffset(handle: Awaited<ReturnType<typeof open>>): Promise<number> {
  const head = Buffer.alloc(144);
  await handle.read(head, 0, 144, 0);
  return 144 + head.readUInt32LE(140);
}

function emptyWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
