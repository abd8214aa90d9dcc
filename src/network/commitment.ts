import { WillisError } from '../errors.ts';
import { contextResultText, type ProposedContext } from './association-request.ts';
import { actionRequest, commandField } from './command.ts';
import { answerEventReport, messageDataset, storageCommitment } from './event-report.ts';
import { commandPdu } from './pdu-writer.ts';
import { openAssociation, type Association, type Message, type RequestorOptions } from './requestor.ts';
import type { PeerAddress, ReceiverPort } from './types.ts';

export interface CommitmentRequest {
  readonly transactionUid: string;
  readonly instances: readonly { readonly sopClassUid: string; readonly sopInstanceUid: string }[];
}

export interface CommitmentOptions extends RequestorOptions {
  /** Runs when the peer has accepted the association, before it is asked: the report may overtake our answer. */
  readonly beforeAsking: () => Promise<void>;
  /** How long a report on the same association is waited for. */
  readonly reportWaitMs: number;
}

/**
 * Asks a peer to take responsibility for instances (N-ACTION, PS3.4 J.3.2) and waits a moment for a report on the same
 * association, which goes to `port`. Returns the status of the N-ACTION. Throws as `openAssociation` does, or COMMITMENT_NOT_OFFERED.
 */
export async function requestCommitment(
  peer: PeerAddress,
  request: CommitmentRequest,
  options: CommitmentOptions,
  port: Pick<ReceiverPort, 'reported'>,
): Promise<number> {
  const contexts = messageContexts(storageCommitment.sopClassUid);
  await using association = await openAssociation(peer, contexts, options);
  const context = acceptedContext(association, contexts);
  if (context === undefined) throw notOffered(peer, association, contexts);
  await options.beforeAsking();
  const dataset = {
    TransactionUID: request.transactionUid,
    ReferencedSOPSequence: request.instances.map(({ sopClassUid, sopInstanceUid }) => ({
      ReferencedSOPClassUID: sopClassUid,
      ReferencedSOPInstanceUID: sopInstanceUid,
    })),
  };
  await association.writeMessage(
    context.id,
    actionRequest({ messageId: 1, ...storageCommitment }, 1),
    await messageDataset(dataset, context.transferSyntaxUid),
  );
  return await conversation(association, context, options.reportWaitMs, port);
}

/** Until the N-ACTION is answered, and then a moment longer: the report may come on this association or on one of the peer's. */
async function conversation(
  association: Association,
  context: ProposedContext,
  reportWaitMs: number,
  port: Pick<ReceiverPort, 'reported'>,
): Promise<number> {
  let status: number | undefined;
  let reported = false;
  while (status === undefined || (status === 0 && !reported)) {
    const message =
      status === undefined ? await association.nextMessage() : await late(association, reportWaitMs);
    if (message === undefined) break;
    if (message.command.field === commandField.nActionRsp) status = message.command.status ?? 0x0110;
    else if (message.command.field === commandField.nEventReportRq && message.dataset !== null) {
      const { transferSyntaxUid } = context;
      const answer = await answerEventReport(
        message.command,
        { dataset: message.dataset, transferSyntaxUid },
        port,
      );
      await association.write(commandPdu(message.contextId, answer));
      reported = true;
    }
  }
  return status ?? 0x0110;
}

/** A peer that says nothing more, or leaves, will report on an association of its own. */
async function late(association: Association, reportWaitMs: number): Promise<Message | undefined> {
  try {
    return await association.nextMessage(reportWaitMs);
  } catch (error) {
    if (error instanceof WillisError && error.code === 'ASSOCIATION_LOST') return undefined;
    throw error;
  }
}

/** Explicit VR first; a peer may know Implicit VR only. */
export function messageContexts(abstractSyntaxUid: string): readonly ProposedContext[] {
  return ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2'].map((transferSyntaxUid, index) => ({
    id: 2 * index + 1,
    abstractSyntaxUid,
    transferSyntaxUid,
  }));
}

export function acceptedContext(
  association: Association,
  contexts: readonly ProposedContext[],
): ProposedContext | undefined {
  return contexts.find(({ id }) => association.grant.results.get(id) === 0);
}

function notOffered(
  peer: PeerAddress,
  association: Association,
  contexts: readonly ProposedContext[],
): WillisError {
  const why = contextResultText(association.grant.results.get(contexts[0]!.id));
  return new WillisError(
    'COMMITMENT_NOT_OFFERED',
    `${peer.aeTitle} does not offer storage commitment (${why}). Switch it on there, or set "commitment": false for this destination.`,
    { retry: 'later' },
  );
}
