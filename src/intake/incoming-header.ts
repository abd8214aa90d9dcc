import { createReadStream } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import {
  readHeader,
  readInstance,
  readUpToPixelData,
  type Attributes,
  type PixelDataPlace,
} from '../dicom/index.ts';
import { WillisError, describeError } from '../errors.ts';

/** A complete Part 10 file that a peer sent, with what the C-STORE command said of it. */
export interface IncomingInstance {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  /** The association that brought it; left out where it came otherwise. */
  readonly associationId?: string;
  /** `prior`: we fetched it for comparison; it opens no analysis. Left out: routed to us. */
  readonly origin?: 'routed' | 'prior';
  /** The first bytes of the data set, at most 64 KB. */
  readonly head: Uint8Array;
  readonly datasetOffset: number;
}

const explicitVrLittleEndian = '1.2.840.10008.1.2.1';
const deflatedExplicitVrLittleEndian = '1.2.840.10008.1.2.1.99';
/** Functional groups of a few thousand frames stay below this. */
const largestHeaderBytes = 64 * 1024 * 1024;
const largestInflatedHeaderBytes = 16 * 1024 * 1024;

/** The Series Instance UID of an instance that was not taken; null where its header cannot be read. */
export async function seriesNamedIn(incoming: IncomingInstance): Promise<string | null> {
  try {
    return (await readGrowing(incoming, incoming.head)).attributes.text('SeriesInstanceUID') ?? null;
  } catch {
    // it was refused for that: nobody knows which series it belongs to
    return null;
  }
}

/** False of a file that is no whole object: it was cut off on its way, and never taken. */
export async function isWholeInstance(file: string): Promise<boolean> {
  try {
    readInstance(await readFile(file));
    return true;
  } catch (error) {
    // one that is too large to be read at once, or that the disk does not give, may well be whole
    return !(error instanceof WillisError);
  }
}

/**
 * The attributes before Pixel Data. Reads on in the file where the head was cut inside them; throws INSTANCE_NOT_READABLE, also where
 * Pixel Data goes beyond the end of the file.
 */
export async function readHeaderOf(incoming: IncomingInstance): Promise<Attributes> {
  try {
    if (incoming.transferSyntaxUid === deflatedExplicitVrLittleEndian) {
      const { head, whole } = await inflateHead(incoming);
      return readHeader(head, explicitVrLittleEndian, whole);
    }
    const { attributes, pixelData } = await readGrowing(incoming, incoming.head);
    if (pixelData !== null) await requireWhole(incoming, pixelData);
    return attributes;
  } catch (cause) {
    throw new WillisError(
      'INSTANCE_NOT_READABLE',
      `The data set is not readable DICOM (${describeError(cause)}). Check the sending device; nothing was stored.`,
      { cause },
    );
  }
}

/** Fragments are walked from item to item (PS3.5 A.4); one that ends with the file may lack its Sequence Delimitation Item. */
async function requireWhole(incoming: IncomingInstance, { offset, length }: PixelDataPlace): Promise<void> {
  const size = incoming.sizeBytes - incoming.datasetOffset;
  let end = offset + (length ?? 0);
  if (length === null) {
    await using items = new ItemHeaders(incoming);
    while (end + itemHeaderBytes <= size) {
      const item = await items.at(end);
      if (item.tag !== itemTag) return;
      end += itemHeaderBytes + item.length;
    }
  }
  if (end > size) throw new Error(`Pixel Data is cut off, ${end - size} bytes or more are missing`);
}

const itemTag = 0xe000fffe;
const itemHeaderBytes = 8;

/** Reads item headers from the head while they lie in it, then from the file. */
class ItemHeaders implements AsyncDisposable {
  private readonly incoming: IncomingInstance;
  private file: FileHandle | undefined;

  constructor(incoming: IncomingInstance) {
    this.incoming = incoming;
  }

  async at(offset: number): Promise<{ readonly tag: number; readonly length: number }> {
    const { head, path, datasetOffset } = this.incoming;
    let bytes = Buffer.from(head.subarray(offset, offset + itemHeaderBytes));
    if (bytes.length < itemHeaderBytes) {
      this.file ??= await open(path, 'r');
      bytes = Buffer.alloc(itemHeaderBytes);
      await this.file.read(bytes, 0, itemHeaderBytes, datasetOffset + offset);
    }
    return { tag: bytes.readUInt32LE(0), length: bytes.readUInt32LE(4) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file?.close();
  }
}

async function readGrowing(
  incoming: IncomingInstance,
  head: Uint8Array,
): Promise<ReturnType<typeof readUpToPixelData>> {
  const whole = incoming.datasetOffset + head.length >= incoming.sizeBytes;
  try {
    return readUpToPixelData(head, incoming.transferSyntaxUid, whole);
  } catch (error) {
    const incomplete = error instanceof WillisError && error.code === 'HEADER_INCOMPLETE';
    if (!incomplete || head.length >= largestHeaderBytes) throw error;
    return await readGrowing(incoming, await readHead(incoming, head.length * 8));
  }
}

async function readHead(incoming: IncomingInstance, bytes: number): Promise<Uint8Array> {
  const handle = await open(incoming.path, 'r');
  try {
    const head = Buffer.alloc(Math.min(bytes, incoming.sizeBytes - incoming.datasetOffset));
    await handle.read(head, 0, head.length, incoming.datasetOffset);
    return head;
  } finally {
    await handle.close();
  }
}

/** Inflates no more than a header may need: a few kilobytes on the wire can stand for gigabytes. */
async function inflateHead(incoming: IncomingInstance): Promise<{ head: Uint8Array; whole: boolean }> {
  const file = createReadStream(incoming.path, { start: incoming.datasetOffset });
  const inflated = file.pipe(createInflateRaw());
  file.once('error', (error) => inflated.destroy(error));
  const chunks: Buffer[] = [];
  let length = 0;
  let whole = true;
  for await (const chunk of inflated as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    whole = length < largestInflatedHeaderBytes;
    if (!whole) break;
  }
  file.destroy();
  return { head: Buffer.concat(chunks), whole };
}
