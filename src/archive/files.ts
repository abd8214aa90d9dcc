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

/** What became of instance files without an index row. */
export interface Orphans {
  /** Deleted: cut off on their way, so never acknowledged. */
  readonly cutOff: number;
  /** Whole objects, moved to `unindexed`: a peer may count on them. */
  readonly setAside: number;
  /** Moved back: the index of now names them. */
  readonly returned: number;
}

/**
 * Settles instance files without an index row. A transfer that was cut off is deleted: only what is whole was ever acknowledged. A whole
 * one is as a rule of a transfer that was cut off between file and row, but where an older index was restored, or the index was lost, it
 * was acknowledged long ago; so it is kept aside, and comes back with the index that names it. Call before the receiver starts.
 */
export async function settleOrphans(
  database: Database,
  files: ArchiveFiles,
  isWhole: (file: string) => Promise<boolean>,
): Promise<Orphans> {
  const known = await knownPaths(database);
  const [instances, unindexed] = [path.join(files.dataDir, 'instances'), unindexedFolder(files)];
  let returned = 0;
  for (const name of await dicomFilesIn(unindexed)) {
    const place = path.join(instances, name);
    if (!known.has(files.relative(place))) continue;
    await moveFile(path.join(unindexed, name), place);
    returned += 1;
  }
  let [cutOff, setAside] = [0, 0];
  for (const name of await dicomFilesIn(instances)) {
    const file = path.join(instances, name);
    if (known.has(files.relative(file))) continue;
    if (await isWhole(file)) {
      await moveFile(file, path.join(unindexed, name));
      setAside += 1;
    } else {
      await unlink(file);
      cutOff += 1;
    }
  }
  return { cutOff, setAside, returned };
}

/** Where whole instances without an index row wait for a person, and how many there are. */
export async function unindexedInstances(
  files: ArchiveFiles,
): Promise<{ readonly folder: string; readonly count: number }> {
  const folder = unindexedFolder(files);
  return { folder, count: (await dicomFilesIn(folder)).length };
}

function unindexedFolder(files: ArchiveFiles): string {
  return path.join(files.dataDir, 'unindexed');
}

async function dicomFilesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(emptyWhenMissing);
  return names.filter((name) => name.endsWith('.dcm'));
}

async function moveFile(from: string, to: string): Promise<void> {
  mkdirSync(path.dirname(to), { recursive: true });
  await rename(from, to);
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
