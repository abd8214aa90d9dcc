import fs from 'node:fs';
import { promisify } from 'node:util';
import { dataHeader } from './pdu-writer.ts';

// The promise API of node:fs costs several times as much an operation; a study has hundreds of small files.
const open = promisify(fs.open);
const close = promisify(fs.close);
const fstat = promisify(fs.fstat);
const readv = promisify(fs.readv) as (
  fd: number,
  buffers: readonly NodeJS.ArrayBufferView[],
  position: number,
) => Promise<{ bytesRead: number }>;

const headerBytes = 12;
/** Of one read, and hence of one write. */
const blockBytes = 1 << 20;

interface Target {
  readonly contextId: number;
  readonly chunkBytes: number;
}

/** A file whose first block is read or being read; nothing of it has been sent. */
export interface BegunFile {
  readonly path: string;
  readonly to: Target;
  readonly blocks: AsyncGenerator<Buffer, void>;
  readonly first: Promise<IteratorResult<Buffer, void>>;
}

/** Files sent as they are, one after another: the next one is read while the peer stores the one before. */
export class OutgoingFiles {
  private readonly pool = new BlockPool();
  private begun: BegunFile | undefined;

  /** Begins to read; an error is told by `open`. */
  begin(path: string, to: Target): BegunFile {
    const blocks = fileBlocks(path, to, this.pool);
    const first = blocks.next();
    first.catch(() => undefined);
    this.begun = { path, to, blocks, first };
    return this.begun;
  }

  /** The file with its first block read; throws what the disk says. */
  async open(path: string, to: Target): Promise<BegunFile> {
    const known = this.begun?.path === path && this.begun.to.contextId === to.contextId;
    if (!known) await this.close();
    const file = known ? this.begun! : this.begin(path, to);
    this.begun = undefined;
    await file.first;
    return file;
  }

  /** Writes the blocks; what follows the first one is read while it is on its way. */
  async send(file: BegunFile, write: (block: Buffer) => Promise<void>): Promise<void> {
    let block = await file.first;
    while (block.done !== true) {
      const { value } = block;
      const written = write(value).then(() => this.pool.give(value));
      // both are waited for, so that neither fails unheard
      [block] = await Promise.all([file.blocks.next(), written]);
    }
  }

  /** Lets go of a file that was begun in vain. */
  async close(): Promise<void> {
    await this.begun?.blocks.return();
    this.begun = undefined;
  }
}

/** Buffers that go round: a megabyte of fresh memory an image would cost more than reading it. */
class BlockPool {
  private readonly spare: Buffer[] = [];

  take(bytes: number): Buffer {
    const found = this.spare.findIndex((block) => block.length >= bytes);
    return found < 0 ? Buffer.allocUnsafeSlow(bytes) : this.spare.splice(found, 1)[0]!;
  }

  /** Only for a block whose bytes have left. */
  give(block: Buffer): void {
    if (this.spare.length < 4) this.spare.push(Buffer.from(block.buffer));
  }
}

/**
 * The data set of a Part 10 file as P-DATA-TF PDUs (PS3.8 9.3.5) with `chunkBytes` of data each, in blocks ready to write.
 * The file is read straight between the PDU headers. Whoever has written a block gives it back to `pool`.
 */
async function* fileBlocks(path: string, to: Target, pool: BlockPool): AsyncGenerator<Buffer, void> {
  const fd = await open(path, 'r');
  try {
    const { size } = await fstat(fd);
    let at = await datasetOffset(fd);
    if (at >= size) throw new Error('the file has no data set');
    const chunksPerBlock = Math.max(1, Math.floor(blockBytes / to.chunkBytes));
    while (at < size) {
      const bytes = Math.min(size - at, chunksPerBlock * to.chunkBytes);
      yield await readBlock(fd, { at, bytes, isEnd: at + bytes === size }, to, pool);
      at += bytes;
    }
  } finally {
    await close(fd);
  }
}

async function readBlock(
  fd: number,
  part: { readonly at: number; readonly bytes: number; readonly isEnd: boolean },
  to: Target,
  pool: BlockPool,
): Promise<Buffer> {
  const chunks = Math.ceil(part.bytes / to.chunkBytes);
  const block = pool.take(part.bytes + chunks * headerBytes).subarray(0, part.bytes + chunks * headerBytes);
  const targets: Buffer[] = [];
  for (let index = 0, left = part.bytes, at = 0; index < chunks; index += 1) {
    const length = Math.min(left, to.chunkBytes);
    left -= length;
    const isLast = part.isEnd && left === 0;
    dataHeader(to.contextId, length, { isCommand: false, isLast }).copy(block, at);
    targets.push(block.subarray(at + headerBytes, at + headerBytes + length));
    at += headerBytes + length;
  }
  await readFully(fd, targets, part.at);
  return block;
}

async function readFully(fd: number, targets: readonly Buffer[], position: number): Promise<void> {
  let left = targets;
  let at = position;
  while (left.length > 0) {
    const { bytesRead } = await readv(fd, left, at);
    if (bytesRead === 0) throw new Error('the file is shorter than it was');
    at += bytesRead;
    left = withoutFirst(left, bytesRead);
  }
}

function withoutFirst(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let drop = bytes;
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    const kept = buffer.subarray(Math.min(drop, buffer.length));
    drop -= buffer.length - kept.length;
    if (kept.length > 0) rest.push(kept);
  }
  return rest;
}

/** Part 10 (PS3.10 7.1): preamble, DICM, then the group length of the meta information. */
async function datasetOffset(fd: number): Promise<number> {
  const head = Buffer.alloc(144);
  await readFully(fd, [head], 0);
  return 144 + head.readUInt32LE(140);
}
