import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { part10Header } from '../dicom/index.ts';
import type { AcceptedContext } from './negotiation.ts';
import type { NewFile, SpareFiles } from './spare-files.ts';

const open = promisify(fs.open);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const close = promisify(fs.close);

/**
 * Bytes of one write. Writes go to the page cache at once, on this thread: handing them to another takes three to six times
 * as long, and so do pieces above 64 KB (docs/performance.md). Only the flush to the disk is waited for elsewhere.
 */
const blockBytes = 1 << 16;
const headBytes = 1 << 16;

/** What a sink works in; used again, since allocating it for every instance lets the heap grow by tens of megabytes. */
interface Workspace {
  readonly head: Buffer;
  readonly block: Buffer;
}

/** Those that no sink uses now. */
const spareWorkspaces: Workspace[] = [];
const mostSpareWorkspaces = 64;

/** Writes one instance to a new file as its bytes arrive, without holding the object. */
export class InstanceSink {
  readonly path: string;
  sizeBytes = 0;
  /** The first disk error; bytes that come after it are counted and dropped. */
  private failure: Error | undefined;
  private readonly workspace = spareWorkspaces.pop() ?? newWorkspace();
  private headLength = 0;
  private readonly prefixBytes: number;
  private blockLength = 0;
  private fd: number | undefined;

  /** Begins `file`, which is its own from now on, with `prefix` (the Part 10 header); keeps the first 64 KB of the data set. */
  constructor(file: NewFile, prefix: Buffer) {
    this.path = file.path;
    this.fd = file.fd;
    this.prefixBytes = prefix.length;
    this.append(prefix);
  }

  /** The data set's first bytes, until `release`. */
  get datasetHead(): Uint8Array {
    return this.workspace.head.subarray(0, this.headLength);
  }

  get datasetOffset(): number {
    return this.prefixBytes;
  }

  /** Takes bytes of the data set (copies them). */
  take(bytes: Buffer): void {
    if (this.headLength < headBytes) this.headLength += bytes.copy(this.workspace.head, this.headLength);
    this.append(bytes);
  }

  /** Writes the rest and, unless told otherwise, flushes file and folder. Throws the first disk error. */
  async finish(durable: boolean): Promise<void> {
    this.writeBlock();
    if (this.failure !== undefined) throw this.failure;
    if (durable) await Promise.all([fdatasync(this.fd!), syncFolder(path.dirname(this.path))]);
    this.closeFile();
  }

  /** Hands the working memory on; to be called once, when nobody reads `datasetHead` any more. */
  release(): void {
    if (spareWorkspaces.length < mostSpareWorkspaces) spareWorkspaces.push(this.workspace);
  }

  /** Closes and deletes what was written; what the disk does not let go has no index row and is settled at the next start. */
  discard(): void {
    this.failure = undefined;
    this.attempt(() => this.closeFile());
    this.attempt(() => fs.rmSync(this.path, { force: true }));
  }

  private append(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    let at = 0;
    while (at < bytes.length && this.failure === undefined) {
      const count = bytes.copy(this.workspace.block, this.blockLength, at);
      this.blockLength += count;
      at += count;
      if (this.blockLength === blockBytes) this.writeBlock();
    }
  }

  private writeBlock(): void {
    const length = this.blockLength;
    this.blockLength = 0;
    this.attempt(() => {
      for (let at = 0; at < length;) at += fs.writeSync(this.fd!, this.workspace.block, at, length - at);
    });
  }

  private closeFile(): void {
    const { fd } = this;
    this.fd = undefined;
    if (fd !== undefined) fs.closeSync(fd);
  }

  private attempt(work: () => void): void {
    if (this.failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.failure = error as Error;
    }
  }
}

function newWorkspace(): Workspace {
  return { head: Buffer.allocUnsafeSlow(headBytes), block: Buffer.allocUnsafeSlow(blockBytes) };
}

/** Folders stay open: they are flushed for every instance and change once a day. */
const openFolders = new Map<string, Promise<number>>();

async function syncFolder(folder: string): Promise<void> {
  const fd = openFolders.get(folder) ?? openFolder(folder);
  await fsync(await fd);
}

function openFolder(folder: string): Promise<number> {
  const fd = open(folder, 'r');
  fd.catch(() => openFolders.delete(folder));
  openFolders.set(folder, fd);
  const [oldest, ...others] = openFolders;
  // yesterday's may still be flushed, the one before it is not
  if (oldest !== undefined && others.length > 1) {
    openFolders.delete(oldest[0]);
    void oldest[1].then(close);
  }
  return fd;
}

/** A sink for one object, or null where there is no place for a file: the object is then drained and refused as out of resources. */
export function openSink(
  files: SpareFiles,
  sopInstanceUid: string,
  { abstractSyntaxUid: sopClassUid, transferSyntaxUid }: AcceptedContext,
): InstanceSink | null {
  try {
    return new InstanceSink(files.take(), part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }));
  } catch {
    return null;
  }
}
