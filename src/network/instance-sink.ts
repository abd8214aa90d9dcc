import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const open = promisify(fs.open);
const write = promisify(fs.write) as (
  fd: number,
  bytes: Buffer,
  offset: number,
  length: number,
) => Promise<{ bytesWritten: number }>;
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const close = promisify(fs.close);
const unlink = promisify(fs.unlink);

/** Small enough that most of an image is written before its last byte has come. */
const blockBytes = 1 << 18;
/** The sender is paused while more than this waits for the disk. */
const waitingLimitBytes = 4 << 20;

/** Blocks that no sink uses now; allocating some for each instance would keep the garbage collector busy. */
const spareBlocks: Buffer[] = [];
const mostSpareBlocks = 16;

function takeBlock(): Buffer {
  return spareBlocks.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
}

function giveBlock(block: Buffer): void {
  if (spareBlocks.length < mostSpareBlocks) spareBlocks.push(block);
}

/** Writes one instance to a new file as its bytes arrive, in blocks, without holding the object. */
export class InstanceSink {
  readonly path: string;
  sizeBytes = 0;
  /** The first disk error; bytes that come after it are counted and dropped. */
  failure: Error | undefined;
  private readonly head: Buffer;
  private headLength = 0;
  private readonly prefixBytes: number;
  private block = takeBlock();
  private blockLength = 0;
  private waitingBytes = 0;
  private chain: Promise<void>;
  private fd: number | undefined;
  private onRoom: (() => void) | undefined;

  /** Begins a file at `file`, which must not exist, with `prefix` (the Part 10 header); keeps the first 64 KB of the data set. */
  constructor(file: string, prefix: Buffer, sizeHint: number) {
    this.path = file;
    this.prefixBytes = prefix.length;
    this.head = Buffer.allocUnsafe(Math.min(65_536, Math.max(sizeHint, 1024)));
    this.chain = open(file, 'wx').then((fd) => void (this.fd = fd));
    this.chain = this.chain.catch((error: unknown) => this.fail(error));
    this.append(prefix);
  }

  /** The data set's first bytes. */
  get datasetHead(): Uint8Array {
    return this.head.subarray(0, this.headLength);
  }

  get datasetOffset(): number {
    return this.prefixBytes;
  }

  /** Takes bytes of the data set (copies them); false asks the caller to wait for `roomAvailable`. */
  take(bytes: Buffer): boolean {
    if (this.headLength < this.head.length) this.headLength += bytes.copy(this.head, this.headLength);
    this.append(bytes);
    return this.waitingBytes < waitingLimitBytes;
  }

  /** Calls back once when enough has been written to go on. */
  roomAvailable(callback: () => void): void {
    if (this.waitingBytes < waitingLimitBytes) callback();
    else this.onRoom = callback;
  }

  /** Writes the rest and, unless told otherwise, flushes file and folder. Throws the first disk error. */
  async finish(durable: boolean): Promise<void> {
    this.flushBlock();
    await this.chain;
    giveBlock(this.block);
    if (this.failure !== undefined) throw this.failure;
    const fd = this.fd!;
    try {
      if (durable) await Promise.all([fdatasync(fd), syncFolder(path.dirname(this.path))]);
    } finally {
      this.fd = undefined;
      // what is flushed needs no close to be safe, so the answer does not wait for it
      close(fd).catch((error: unknown) => this.fail(error));
    }
  }

  /** Closes and deletes what was written; the object is not wanted or cannot be had. */
  async discard(): Promise<void> {
    await this.chain;
    if (this.fd !== undefined) await close(this.fd);
    this.fd = undefined;
    await unlink(this.path).catch(ignoreMissing);
  }

  private append(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    let at = 0;
    while (at < bytes.length && this.failure === undefined) {
      const count = bytes.copy(this.block, this.blockLength, at);
      this.blockLength += count;
      at += count;
      if (this.blockLength === blockBytes) this.flushBlock();
    }
  }

  private flushBlock(): void {
    if (this.blockLength === 0 || this.failure !== undefined) return;
    const block = this.block;
    const length = this.blockLength;
    this.block = takeBlock();
    this.blockLength = 0;
    this.waitingBytes += length;
    this.chain = this.chain
      .then(async () => await this.writeAll(block, length))
      .catch((error: unknown) => this.fail(error));
  }

  private async writeAll(block: Buffer, length: number): Promise<void> {
    if (this.failure === undefined) {
      let at = 0;
      while (at < length) at += (await write(this.fd!, block, at, length - at)).bytesWritten;
    }
    giveBlock(block);
    this.waitingBytes -= length;
    if (this.waitingBytes < waitingLimitBytes) this.callRoom();
  }

  private fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.waitingBytes = 0;
    this.callRoom();
  }

  private callRoom(): void {
    const callback = this.onRoom;
    this.onRoom = undefined;
    callback?.();
  }
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

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
