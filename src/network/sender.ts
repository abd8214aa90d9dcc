import { open, type FileHandle } from 'node:fs/promises';
import { WillisError, describeError } from '../errors.ts';
import { contextResultText, type ProposedContext } from './association-request.ts';
import { commandField, storeRequest } from './command.ts';
import { commandPdu, dataPdus } from './pdu-writer.ts';
import { openAssociation, type Association, type RequestorOptions } from './requestor.ts';
import type { Conversion, OutgoingInstance, PeerAddress, SendOutcome } from './types.ts';

const mostContexts = 128;
const readBytes = 1 << 20;

/**
 * Sends instances on one association: each file's data set byte for byte in the transfer syntax it has, or, with `conversion`,
 * in the first of the offered ones that the peer accepts and stores. One outcome an instance, in order; only a status of
 * success or warning counts as stored. Throws where no association comes about.
 */
export async function sendInstances(
  peer: PeerAddress,
  instances: readonly OutgoingInstance[],
  options: RequestorOptions,
  conversion: Conversion = asTheyAre,
): Promise<readonly SendOutcome[]> {
  const contexts = contextsFor(instances, conversion);
  await using association = await openAssociation(peer, contexts, options);
  const outcomes: SendOutcome[] = [];
  let lost: string | undefined;
  let messageId = 0;
  const sending: Sending = {
    association,
    contexts,
    conversion,
    nextMessageId: () => (messageId = (messageId % 65_535) + 1),
  };
  for (const instance of instances) {
    const { sopInstanceUid } = instance;
    try {
      outcomes.push(
        lost === undefined
          ? await sendOne(sending, instance)
          : { kind: 'not-sent', sopInstanceUid, text: lost, lasting: false },
      );
    } catch (error) {
      lost = describeError(error);
      outcomes.push({ kind: 'not-sent', sopInstanceUid, text: lost, lasting: false });
    }
  }
  return outcomes;
}

const asTheyAre: Conversion = {
  offered: (instance) => [instance.transferSyntaxUid],
  convert: async (instance) => await Promise.reject(new Error(`${instance.path} is sent as it is`)),
};

/** One transfer syntax a context, so that we choose among those the peer accepts. */
function contextsFor(
  instances: readonly OutgoingInstance[],
  conversion: Conversion,
): readonly ProposedContext[] {
  const pairs = new Map(
    instances.flatMap((instance) =>
      conversion
        .offered(instance)
        .map((uid): [string, [string, string]] => [
          `${instance.sopClassUid} ${uid}`,
          [instance.sopClassUid, uid],
        ]),
    ),
  );
  return [...pairs.values()].slice(0, mostContexts).map(([abstractSyntaxUid, transferSyntaxUid], index) => ({
    id: 2 * index + 1,
    abstractSyntaxUid,
    transferSyntaxUid,
  }));
}

interface Sending {
  readonly association: Association;
  readonly contexts: readonly ProposedContext[];
  readonly conversion: Conversion;
  readonly nextMessageId: () => number;
}

/** Tries the accepted transfer syntaxes in order until one is stored; a refusal that is not for good ends the tries. */
async function sendOne(sending: Sending, instance: OutgoingInstance): Promise<SendOutcome> {
  const { sopInstanceUid, sopClassUid } = instance;
  const { contexts, association, conversion } = sending;
  const refusals: string[] = [];
  let refused: SendOutcome | undefined;
  for (const transferSyntaxUid of conversion.offered(instance)) {
    const context = contexts.find(
      (one) => one.abstractSyntaxUid === sopClassUid && one.transferSyntaxUid === transferSyntaxUid,
    );
    const result = context === undefined ? undefined : association.grant.results.get(context.id);
    if (context === undefined || result !== 0) {
      refusals.push(
        `SOP class ${sopClassUid} in transfer syntax ${transferSyntaxUid}: ${contextResultText(result)}`,
      );
      continue;
    }
    const converted = await convertedTo(sending, instance, transferSyntaxUid);
    if (converted instanceof WillisError) {
      refusals.push(converted.message);
      continue;
    }
    const outcome = await store(sending, { instance, context, converted });
    if (!mayHealByWriting(outcome)) return outcome;
    refused = outcome;
  }
  return refused ?? { kind: 'not-sent', sopInstanceUid, text: refusals.join('; '), lasting: true };
}

/** Null where the file is sent as it is; an error where this object cannot be written so, which another syntax may heal. */
async function convertedTo(
  { conversion }: Sending,
  instance: OutgoingInstance,
  transferSyntaxUid: string,
): Promise<Buffer | null | WillisError> {
  if (transferSyntaxUid === instance.transferSyntaxUid) return null;
  try {
    return await conversion.convert(instance, transferSyntaxUid);
  } catch (error) {
    if (error instanceof WillisError && error.code === 'SYNTAX_NOT_WRITABLE') return error;
    throw error;
  }
}

async function store(
  { association, nextMessageId }: Sending,
  object: {
    readonly instance: OutgoingInstance;
    readonly context: ProposedContext;
    readonly converted: Buffer | null;
  },
): Promise<SendOutcome> {
  const { instance, context, converted } = object;
  const { sopInstanceUid, sopClassUid } = instance;
  const { transferSyntaxUid } = context;
  const messageId = nextMessageId();
  const command = storeRequest({ messageId, sopClassUid, sopInstanceUid });
  if (converted !== null) await association.writeMessage(context.id, command, converted);
  else {
    await association.write(commandPdu(context.id, command));
    await sendDataset(association, context.id, instance.path);
  }
  const answer = await association.nextResponse();
  const status = answer.status ?? 0xc000;
  if (answer.field === commandField.cStoreRsp && isStored(status))
    return { kind: 'stored', sopInstanceUid, status, transferSyntaxUid };
  const comment = answer.errorComment === undefined ? '' : ` (${answer.errorComment})`;
  const hex = status.toString(16).padStart(4, '0').toUpperCase();
  const lasting = isLastingRefusal(status);
  return { kind: 'refused', sopInstanceUid, status, text: `status ${hex}H${comment}`, lasting };
}

/** Refused for good, but not for its SOP class: another transfer syntax may be stored. */
export function mayHealByWriting(outcome: SendOutcome): boolean {
  return outcome.kind === 'refused' && outcome.lasting && outcome.status !== sopClassNotSupported;
}

const sopClassNotSupported = 0x0122;

/** The object itself is refused (PS3.4 Table B.2-1): SOP class not supported, invalid object, A9xx does not match, Cxxx cannot understand. */
export function isLastingRefusal(status: number): boolean {
  return status === sopClassNotSupported || status === 0x0117 || status >> 8 === 0xa9 || status >> 12 === 0xc;
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
      await association.write(
        dataPdus(contextId, block, { chunkBytes, isCommand: false, isEnd: left === 0 }),
      );
    }
  } finally {
    await handle.close();
  }
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
