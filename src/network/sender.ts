import { open, type FileHandle } from 'node:fs/promises';
import { describeError } from '../errors.ts';
import { contextResultText, type ProposedContext } from './association-request.ts';
import { commandField, storeRequest } from './command.ts';
import { commandPdu, dataHeader } from './pdu-writer.ts';
import { openAssociation, type Association, type RequestorOptions } from './requestor.ts';
import type { OutgoingInstance, PeerAddress, SendOutcome } from './types.ts';

const mostContexts = 128;
const readBytes = 1 << 20;

/**
 * Sends instances on one association, each file's data set byte for byte, in the transfer syntax it has. One outcome an
 * instance, in order; only a status of success or warning counts as stored. Throws where no association comes about.
 */
export async function sendInstances(
  peer: PeerAddress,
  instances: readonly OutgoingInstance[],
  options: RequestorOptions,
): Promise<readonly SendOutcome[]> {
  const contexts = contextsFor(instances);
  await using association = await openAssociation(peer, contexts, options);
  const outcomes: SendOutcome[] = [];
  let lost: string | undefined;
  for (const [index, instance] of instances.entries()) {
    if (lost !== undefined) {
      outcomes.push({ kind: 'not-sent', sopInstanceUid: instance.sopInstanceUid, text: lost });
      continue;
    }
    try {
      outcomes.push(await sendOne(association, contexts, instance, (index % 65_535) + 1));
    } catch (error) {
      lost = describeError(error);
      outcomes.push({ kind: 'not-sent', sopInstanceUid: instance.sopInstanceUid, text: lost });
    }
  }
  return outcomes;
}

function contextsFor(instances: readonly OutgoingInstance[]): readonly ProposedContext[] {
  const kinds = new Map(instances.map((instance) => [keyOf(instance), instance]));
  return [...kinds.values()].slice(0, mostContexts).map((instance, index) => ({
    id: 2 * index + 1,
    abstractSyntaxUid: instance.sopClassUid,
    transferSyntaxUid: instance.transferSyntaxUid,
  }));
}

function keyOf(instance: OutgoingInstance): string {
  return `${instance.sopClassUid} ${instance.transferSyntaxUid}`;
}

async function sendOne(
  association: Association,
  contexts: readonly ProposedContext[],
  instance: OutgoingInstance,
  messageId: number,
): Promise<SendOutcome> {
  const { sopInstanceUid, sopClassUid } = instance;
  const context = contexts.find(
    (one) => one.abstractSyntaxUid === sopClassUid && one.transferSyntaxUid === instance.transferSyntaxUid,
  );
  const result = context === undefined ? undefined : association.grant.results.get(context.id);
  if (context === undefined || result !== 0) {
    const text = `SOP class ${sopClassUid} in transfer syntax ${instance.transferSyntaxUid}: ${contextResultText(result)}`;
    return { kind: 'not-sent', sopInstanceUid, text };
  }
  await association.write(commandPdu(context.id, storeRequest({ messageId, sopClassUid, sopInstanceUid })));
  await sendDataset(association, context.id, instance.path);
  const answer = await association.nextResponse();
  const status = answer.status ?? 0xc000;
  if (answer.field === commandField.cStoreRsp && isStored(status))
    return { kind: 'stored', sopInstanceUid, status };
  const comment = answer.errorComment === undefined ? '' : ` (${answer.errorComment})`;
  const hex = status.toString(16).padStart(4, '0').toUpperCase();
  return { kind: 'refused', sopInstanceUid, status, text: `status ${hex}H${comment}` };
}

/** Success, or a warning with which the instance is kept all the same (PS3.4 Table B.2-1). */
function isStored(status: number): boolean {
  return status === 0x0000 || [0xb000, 0xb006, 0xb007].includes(status);
}

async function sendDataset(association: Association, contextId: number, path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const chunkBytes = association.grant.maxPduLengthBytes - 6;
    let left = size - (await datasetOffset(handle));
    let at = size - left;
    const perRead = Math.max(1, Math.floor(readBytes / chunkBytes)) * chunkBytes;
    while (left > 0) {
      const block = Buffer.allocUnsafe(Math.min(perRead, left));
      await readFully(handle, block, at);
      at += block.length;
      left -= block.length;
      await association.write(fragments(contextId, block, chunkBytes, left === 0));
    }
  } finally {
    await handle.close();
  }
}

/** A block as P-DATA-TF PDUs of the peer's size, in one buffer for one write. */
function fragments(contextId: number, block: Buffer, chunkBytes: number, isEnd: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += chunkBytes) {
    const chunk = block.subarray(at, at + chunkBytes);
    const isLast = isEnd && at + chunkBytes >= block.length;
    parts.push(dataHeader(contextId, chunk.length, { isCommand: false, isLast }), chunk);
  }
  return Buffer.concat(parts);
}

async function readFully(handle: FileHandle, block: Buffer, position: number): Promise<void> {
  let read = 0;
  while (read < block.length) {
    const { bytesRead } = await handle.read(block, read, block.length - read, position + read);
    if (bytesRead === 0) throw new Error('the file is shorter than it was');
    read += bytesRead;
  }
}

/** Part 10 (PS3.10 7.1): preamble, DICM, then the group length of the meta information. */
async function datasetOffset(handle: FileHandle): Promise<number> {
  const head = Buffer.alloc(144);
  await readFully(handle, head, 0);
  return 144 + head.readUInt32LE(140);
}
