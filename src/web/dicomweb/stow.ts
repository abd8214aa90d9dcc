import { open, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readHeader } from '../../dicom/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import type { IncomingInstance } from '../../intake/index.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { splitPart10 } from '../part10.ts';
import { sendDicomJson } from './dicom-json.ts';
import type { DicomWeb } from './index.ts';
import { baseOf } from './qido.ts';
import { studyPlace } from './stored.ts';

/** Store Transaction (PS3.18 10.5): the same way in as C-STORE, with the same durability before the answer. */
export function stowRoutes(app: App, parts: DicomWeb): void {
  void app.register(async (stow) => {
    // the body is streamed part by part, never held
    stow.addContentTypeParser(/^multipart\/related/, (_request, payload, done) => done(null, payload));
    const config = { access: 'store' } as const;
    (stow as unknown as App).post(
      '/dicom-web/studies',
      { config },
      async (request, reply) => await store(parts, request, reply),
    );
    (stow as unknown as App).post(
      '/dicom-web/studies/:study',
      { config, schema: { params: studyPlace } },
      async (request, reply) => await store(parts, request, reply, request.params.study),
    );
    return await Promise.resolve();
  });
}

/** What became of one part. */
type Outcome =
  | { readonly kind: 'stored'; readonly instance: IncomingInstance; readonly studyInstanceUid: string }
  | { readonly kind: 'failed'; readonly error: unknown; readonly instance: IncomingInstance | null };

async function store(
  parts: DicomWeb,
  request: FastifyRequest,
  reply: FastifyReply,
  study?: string,
): Promise<unknown> {
  const { node } = parts;
  const admission = node.admit();
  if (admission.kind === 'busy') throw new WillisError('NODE_BUSY', admission.why, { retry: 'later' });
  const boundary = boundaryOf(request.headers['content-type'] ?? '');
  const outcomes = await readParts(
    request.body as Readable,
    boundary,
    async (part) =>
      await takePart(parts, { part, study, calling: (request.identity?.name ?? 'STOW-RS').slice(0, 16) }),
  );
  if (outcomes.length === 0) throw new WillisError('REQUEST_INVALID', 'The request holds no instance.');
  for (const outcome of outcomes) count(parts, outcome);
  const stored = outcomes.filter((one) => one.kind === 'stored').length;
  await record(node, request, { action: 'instances stored', object: `${stored} of ${outcomes.length}` });
  const status = stored === outcomes.length ? 200 : stored === 0 ? 409 : 202;
  void reply.status(status);
  return await sendDicomJson(reply, answerOf(outcomes, baseOf(request)));
}

function boundaryOf(contentType: string): string {
  const type = /;\s*type="?([^";]+)"?/i.exec(contentType)?.[1];
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^";\s]{1,70}))/i.exec(contentType);
  if (type?.toLowerCase() !== 'application/dicom' || boundary === null)
    throw new WillisError(
      'MEDIA_TYPE_UNSUPPORTED',
      'Send multipart/related; type="application/dicom" with a boundary.',
    );
  return boundary[1] ?? boundary[2] ?? '';
}

const mostParts = 20_000;

/** Hands each part on as it comes; rejects with REQUEST_INVALID where the multipart is broken, after the whole parts are done. */
async function readParts(
  body: Readable,
  boundary: string,
  take: (part: Readable) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const dicer = new Dicer({ boundary, maxHeaderPairs: 32 });
  const taken: Promise<Outcome>[] = [];
  const open = new Set<Readable>();
  dicer.on('part', (part) => {
    if (taken.length >= mostParts) return void body.destroy(new Error(`more than ${mostParts} parts`));
    open.add(part);
    taken.push(take(part).finally(() => open.delete(part)));
  });
  const broken = await endOf(body, dicer);
  if (broken !== null) for (const part of open) part.destroy(broken);
  const outcomes = await Promise.all(taken);
  if (broken === null) return outcomes;
  const stored = outcomes.filter((one) => one.kind === 'stored').length;
  throw new WillisError(
    'REQUEST_INVALID',
    `The multipart body is broken (${describeError(broken)}); ${stored} instances before that were stored. Send all again.`,
    { cause: broken },
  );
}

/** Null when all parts were read, else what went wrong. The parser tells its own end, when the last part ended too. */
async function endOf(body: Readable, dicer: Dicer): Promise<Error | null> {
  return await new Promise((resolve) => {
    dicer.once('finish', () => resolve(null));
    dicer.once('error', resolve);
    body.once('error', resolve);
    body.once('close', () => {
      if (!body.readableEnded) resolve(new Error('the connection ended'));
    });
    body.pipe(dicer);
  });
}

interface PartToTake {
  readonly part: Readable;
  readonly study: string | undefined;
  readonly calling: string;
}

/** File, flush, row: what is not stored leaves no file behind. */
async function takePart({ node, options }: DicomWeb, { part, study, calling }: PartToTake): Promise<Outcome> {
  const file = node.files.allocateInstance();
  let instance: IncomingInstance | null = null;
  try {
    await writeDurably(part, file, options.maxInstanceBytes);
    const described = await describe(file, calling);
    instance = described.instance;
    if (study !== undefined && study !== described.studyInstanceUid)
      throw new WillisError('INSTANCE_MISMATCH', 'The instance is of another study than the one addressed.');
    const { seriesId } = await node.take(instance);
    node.events.publish({ kind: 'instance', seriesId });
    return { kind: 'stored', instance, studyInstanceUid: described.studyInstanceUid };
  } catch (error) {
    part.resume();
    await unlink(file).catch(ignoreMissing);
    return { kind: 'failed', error, instance };
  }
}

/** Reads the part to its end whatever happens, for the parser waits until it is read; throws the first fault then. */
async function writeDurably(part: Readable, file: string, longestBytes: number): Promise<void> {
  const faults: unknown[] = [];
  // a body that breaks off is told to the part at any time, also before the file is open
  part.on('error', (error) => faults.push(error));
  const handle = await open(file, 'wx').catch((error: unknown) => void faults.push(error));
  let length = 0;
  try {
    for await (const chunk of part as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestBytes && faults.length === 0)
        faults.push(new WillisError('UPLOAD_TOO_LARGE', `An instance is longer than ${longestBytes} bytes.`));
      if (faults.length === 0) await handle?.writeFile(chunk).catch((error: unknown) => faults.push(error));
    }
  } catch (error) {
    faults.push(error);
  }
  if (handle !== undefined) await closeDurably(handle, file, faults.length === 0);
  if (faults.length > 0) throw faults[0];
}

async function closeDurably(handle: FileHandle, file: string, isWanted: boolean): Promise<void> {
  try {
    if (isWanted) await handle.datasync();
  } finally {
    await handle.close();
  }
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const headBytes = 65_536;
const longHeadBytes = 64 << 20;

async function describe(
  file: string,
  callingAeTitle: string,
): Promise<{ instance: IncomingInstance; studyInstanceUid: string }> {
  const { size: sizeBytes } = await stat(file);
  const bytes = await readStart(file, Math.min(headBytes, sizeBytes));
  const { datasetOffset, ...uids } = splitPart10(bytes);
  const head = bytes.subarray(datasetOffset);
  const instance = { path: file, sizeBytes, ...uids, callingAeTitle, head, datasetOffset };
  return { instance, studyInstanceUid: await studyOf(instance) };
}

const deflated = '1.2.840.10008.1.2.1.99';

/** The Study Instance UID, where the header can be read without inflating; the way in reads the rest and judges it. */
async function studyOf(instance: IncomingInstance): Promise<string> {
  const { head, path: file, transferSyntaxUid, datasetOffset, sizeBytes } = instance;
  if (transferSyntaxUid === deflated) return '';
  try {
    const whole = datasetOffset + head.length >= sizeBytes;
    return readHeader(head, transferSyntaxUid, whole).text('StudyInstanceUID') ?? '';
  } catch (error) {
    if (!(error instanceof WillisError) || error.code !== 'HEADER_INCOMPLETE') throw error;
    const length = Math.min(longHeadBytes, sizeBytes);
    const long = (await readStart(file, length)).subarray(datasetOffset);
    return readHeader(long, transferSyntaxUid, length === sizeBytes).text('StudyInstanceUID') ?? '';
  }
}

async function readStart(file: string, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}

function count({ node }: DicomWeb, outcome: Outcome): void {
  const { sizeBytes = 0 } = outcome.instance ?? {};
  node.metrics.instance(outcome.kind === 'stored' ? 'stored' : 'refused', 'stow', sizeBytes);
  if (outcome.kind === 'stored') node.throughput.count(node.now());
  else node.log.warn('an instance sent by STOW-RS was refused', { why: describeError(outcome.error) });
}

/** Store Instances Response Module (PS3.18 10.5.3; PS3.3 C.12.1.1). */
function answerOf(outcomes: readonly Outcome[], base: string): object {
  const stored = outcomes.filter((one) => one.kind === 'stored');
  const failed = outcomes.filter((one) => one.kind === 'failed');
  return {
    ...(stored.length === 0
      ? {}
      : { '00081199': { vr: 'SQ', Value: stored.map((one) => storedItem(one, base)) } }),
    ...(failed.length === 0 ? {} : { '00081198': { vr: 'SQ', Value: failed.map(failedItem) } }),
  };
}

function storedItem({ instance, studyInstanceUid }: Outcome & { kind: 'stored' }, base: string): object {
  const url = `${base}/studies/${studyInstanceUid}`;
  return {
    ...reference(instance),
    ...(studyInstanceUid === '' ? {} : { '00081190': { vr: 'UR', Value: [url] } }),
  };
}

function failedItem({ error, instance }: Outcome & { kind: 'failed' }): object {
  const code = error instanceof WillisError ? error.code : '';
  const reason =
    { INSTANCE_MISMATCH: 0xa900, INSTANCE_NOT_READABLE: 0xc000, DICOM_UNREADABLE: 0xc000 }[code] ?? 0xa700;
  return { ...(instance === null ? {} : reference(instance)), '00081197': { vr: 'US', Value: [reason] } };
}

function reference(instance: IncomingInstance): object {
  return {
    '00081150': { vr: 'UI', Value: [instance.sopClassUid] },
    '00081155': { vr: 'UI', Value: [instance.sopInstanceUid] },
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
