import { describeError } from '../errors.ts';
import { contextResultText, type ProposedContext } from './association-request.ts';
import { commandField, storeRequest } from './command.ts';
import { BlockPool, dataPdus } from './outgoing-file.ts';
import { commandPdu } from './pdu-writer.ts';
import { openAssociation, type Association, type RequestorOptions } from './requestor.ts';
import type { OutgoingInstance, PeerAddress, SendOutcome } from './types.ts';

const mostContexts = 128;

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
  const pool = new BlockPool();
  const begin = (index: number): Begun | undefined => {
    const instance = instances[index];
    return instance && beginReading(association, contexts, instance, pool);
  };
  const outcomes: SendOutcome[] = [];
  let lost = '';
  let upcoming = begin(0);
  try {
    while (upcoming !== undefined) {
      const current: Begun = upcoming;
      const messageId = (outcomes.length % 65_535) + 1;
      const notSent = await transmit(association, current, messageId, pool);
      // the next file is read while the peer stores this one
      upcoming = begin(outcomes.length + 1);
      outcomes.push(notSent ?? (await answerTo(association, current)));
    }
  } catch (error) {
    lost = describeError(error);
    await upcoming?.blocks.return();
  }
  const rest = instances.slice(outcomes.length);
  return [...outcomes, ...rest.map((instance) => notSentBecause(instance, lost))];
}

/** An instance whose file is being read; nothing of it has been sent. */
interface Begun {
  readonly instance: OutgoingInstance;
  readonly contextId: number;
  readonly blocks: AsyncGenerator<Buffer, void>;
  readonly first: Promise<IteratorResult<Buffer, void>>;
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

function beginReading(
  association: Association,
  contexts: readonly ProposedContext[],
  instance: OutgoingInstance,
  pool: BlockPool,
): Begun {
  const { sopClassUid, transferSyntaxUid } = instance;
  const context = contexts.find(
    (one) => one.abstractSyntaxUid === sopClassUid && one.transferSyntaxUid === transferSyntaxUid,
  );
  const result = context === undefined ? undefined : association.grant.results.get(context.id);
  const chunkBytes = association.grant.maxPduLengthBytes - 6;
  const blocks =
    context === undefined || result !== 0
      ? refused(
          `SOP class ${sopClassUid} in transfer syntax ${transferSyntaxUid}: ${contextResultText(result)}`,
        )
      : dataPdus(instance.path, { contextId: context.id, chunkBytes }, pool);
  const first = blocks.next();
  // an error is told when this instance has its turn
  first.catch(() => undefined);
  return { instance, contextId: context?.id ?? 0, blocks, first };
}

/** In place of a file: an instance of which nothing can be sent. */
async function* refused(why: string): AsyncGenerator<Buffer, void> {
  await Promise.resolve();
  throw new Error(why);
}

/** Sends request and data set; an outcome where nothing could be sent. Throws where the peer is left in mid-message. */
async function transmit(
  association: Association,
  { instance, contextId, blocks, first }: Begun,
  messageId: number,
  pool: BlockPool,
): Promise<SendOutcome | undefined> {
  let block: IteratorResult<Buffer, void>;
  try {
    block = await first;
  } catch (error) {
    return notSentBecause(instance, describeError(error));
  }
  const { sopClassUid, sopInstanceUid } = instance;
  const request = commandPdu(contextId, storeRequest({ messageId, sopClassUid, sopInstanceUid }));
  let sent = association.write(request);
  while (block.done !== true) {
    const { value } = block;
    sent = Promise.all([sent, association.write(value)]).then(() => pool.give(value));
    const next = blocks.next();
    // both are waited for, so that neither fails unheard
    [block] = await Promise.all([next, sent]);
  }
  return undefined;
}

async function answerTo(association: Association, { instance }: Begun): Promise<SendOutcome> {
  const { sopInstanceUid } = instance;
  const answer = await association.nextResponse();
  const status = answer.status ?? 0xc000;
  if (answer.field === commandField.cStoreRsp && isStored(status))
    return { kind: 'stored', sopInstanceUid, status };
  const comment = answer.errorComment === undefined ? '' : ` (${answer.errorComment})`;
  const hex = status.toString(16).padStart(4, '0').toUpperCase();
  return { kind: 'refused', sopInstanceUid, status, text: `status ${hex}H${comment}` };
}

function notSentBecause({ sopInstanceUid }: OutgoingInstance, text: string): SendOutcome {
  return { kind: 'not-sent', sopInstanceUid, text };
}

/** Success, or a warning with which the instance is kept all the same (PS3.4 Table B.2-1). */
function isStored(status: number): boolean {
  return status === 0x0000 || [0xb000, 0xb006, 0xb007].includes(status);
}
