import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { readHeader, type Attributes } from '../dicom/index.ts';
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
    return (await readHeaderOf(incoming)).text('SeriesInstanceUID') ?? null;
  } catch {
    // it was refused for that: nobody knows which series it belongs to
    return null;
  }
}

/** The attributes before Pixel Data. Reads on in the file where the head was cut inside them; throws INSTANCE_NOT_READABLE. */
export async function readHeaderOf(incoming: IncomingInstance): Promise<Attributes> {
  try {
    if (incoming.transferSyntaxUid === deflatedExplicitVrLittleEndian) {
      const { head, whole } = await inflateHead(incoming);
      return readHeader(head, explicitVrLittleEndian, whole);
    }
    return await readGrowing(incoming, incoming.head);
  } catch (cause) {
    throw new WillisError(
      'INSTANCE_NOT_READABLE',
      `The data set is not readable DICOM (${describeError(cause)}). Check the sending device; nothing was stored.`,
      { cause },
    );
  }
}

async function readGrowing(incoming: IncomingInstance, head: Uint8Array): Promise<Attributes> {
  const whole = incoming.datasetOffset + head.length >= incoming.sizeBytes;
  try {
    return readHeader(head, incoming.transferSyntaxUid, whole);
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
