import { hexWord } from '../dicom/index.ts';
import { WillisError, describeError } from '../errors.ts';
import { contextResultText, type ProposedContext } from './association-request.ts';
import { commandField, storeRequest } from './command.ts';
import { OutgoingFiles, type BegunFile } from './outgoing-file.ts';
import { commandPdu } from './pdu-writer.ts';
import { openAssociation, type Association, type RequestorOptions } from './requestor.ts';
import type { Conversion, OutgoingInstance, PeerAddress, SendOutcome } from './types.ts';

const mostContexts = 128;

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
    files: new OutgoingFiles(),
    nextMessageId: () => (messageId = (messageId % 65_535) + 1),
  };
  for (const [index, instance] of instances.entries()) {
    const { sopInstanceUid } = instance;
    try {
      outcomes.push(
        lost === undefined
          ? await sendOne(sending, instance, () => readAhead(sending, instances[index + 1]))
          : { kind: 'not-sent', sopInstanceUid, text: lost, lasting: false },
      );
    } catch (error) {
      lost = describeError(error);
      outcomes.push({ kind: 'not-sent', sopInstanceUid, text: lost, lasting: false });
    }
  }
  await sending.files.close();
  return outcomes;
}

/** Begins the file that comes next, where it will be sent as it is. */
function readAhead(sending: Sending, next: OutgoingInstance | undefined): void {
  if (next === undefined) return;
  const [first] = sending.conversion.offered(next);
  const context = first === next.transferSyntaxUid ? contextOf(sending, next, first) : undefined;
  if (context !== undefined && resultOf(sending, context) === 0)
    sending.files.begin(next.path, targetOf(sending, context));
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
  readonly files: OutgoingFiles;
  readonly nextMessageId: () => number;
}

function contextOf(
  { contexts }: Sending,
  { sopClassUid }: OutgoingInstance,
  transferSyntaxUid: string,
): ProposedContext | undefined {
  return contexts.find(
    (one) => one.abstractSyntaxUid === sopClassUid && one.transferSyntaxUid === transferSyntaxUid,
  );
}

function resultOf({ association }: Sending, context: ProposedContext | undefined): number | undefined {
  return context === undefined ? undefined : association.grant.results.get(context.id);
}

function targetOf(
  { association }: Sending,
  context: ProposedContext,
): { contextId: number; chunkBytes: number } {
  return { contextId: context.id, chunkBytes: association.grant.maxPduLengthBytes - 6 };
}

/** Tries the accepted transfer syntaxes in order until one is stored; a refusal that is not for good ends the tries. */
async function sendOne(
  sending: Sending,
  instance: OutgoingInstance,
  onSent: () => void,
): Promise<SendOutcome> {
  const { sopInstanceUid, sopClassUid } = instance;
  const { conversion } = sending;
  const refusals: string[] = [];
  let refused: SendOutcome | undefined;
  for (const transferSyntaxUid of conversion.offered(instance)) {
    const context = contextOf(sending, instance, transferSyntaxUid);
    const result = resultOf(sending, context);
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
    const outcome = await store(sending, { instance, context, converted }, onSent);
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
  sending: Sending,
  object: {
    readonly instance: OutgoingInstance;
    readonly context: ProposedContext;
    readonly converted: Buffer | null;
  },
  onSent: () => void,
): Promise<SendOutcome> {
  const { association, files } = sending;
  const { instance, context, converted } = object;
  const { sopInstanceUid, sopClassUid } = instance;
  const { transferSyntaxUid } = context;
  const messageId = sending.nextMessageId();
  const command = storeRequest({ messageId, sopClassUid, sopInstanceUid });
  if (converted !== null) await association.writeMessage(context.id, command, converted);
  else {
    let file: BegunFile;
    try {
      file = await files.open(instance.path, targetOf(sending, context));
    } catch (error) {
      return { kind: 'not-sent', sopInstanceUid, text: describeError(error), lasting: false };
    }
    const request = association.write(commandPdu(context.id, command));
    await Promise.all([request, files.send(file, async (block) => await association.write(block))]);
  }
  onSent();
  const answer = await association.nextResponse();
  const status = answer.status ?? 0xc000;
  if (answer.field === commandField.cStoreRsp && isStored(status))
    return { kind: 'stored', sopInstanceUid, status, transferSyntaxUid };
  const comment = answer.errorComment === undefined ? '' : ` (${answer.errorComment})`;
  const lasting = isLastingRefusal(status);
  return { kind: 'refused', sopInstanceUid, status, text: `status ${hexWord(status)}H${comment}`, lasting };
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
