import type { Attributes, Dataset } from '../dicom/index.ts';
import { readHeader, hexWord } from '../dicom/index.ts';
import { WillisError } from '../errors.ts';
import { acceptedContext, messageContexts } from './commitment.ts';
import { contextResultText } from './association-request.ts';
import { queryRequest } from './command.ts';
import { messageDataset } from './event-report.ts';
import { openAssociation, type Message, type RequestorOptions } from './requestor.ts';
import type { PeerAddress } from './types.ts';

/** Study Root Query/Retrieve Information Model (PS3.4 C.6.2). */
export const queryRetrieve = {
  find: '1.2.840.10008.5.1.4.1.2.2.1',
  move: '1.2.840.10008.5.1.4.1.2.2.2',
} as const;

const mostMatches = 1000;

/** C-FIND: the matches of an identifier (PS3.4 C.4.1). Throws as `openAssociation` does, or QUERY_REFUSED. */
export async function findMatches(
  peer: PeerAddress,
  identifier: Dataset,
  options: RequestorOptions,
): Promise<readonly Attributes[]> {
  const matches: Attributes[] = [];
  await ask(
    peer,
    { sopClassUid: queryRetrieve.find, identifier },
    options,
    ({ dataset }, transferSyntaxUid) => {
      if (dataset !== null && matches.length < mostMatches)
        matches.push(readHeader(dataset, transferSyntaxUid, true));
    },
  );
  return matches;
}

/**
 * C-MOVE of one study to `destinationAeTitle` (PS3.4 C.4.2): resolves when the peer has sent all of it; returns how many
 * instances it could not send. Throws as `openAssociation` does, or QUERY_REFUSED.
 */
export async function moveStudy(
  peer: PeerAddress,
  studyInstanceUid: string,
  destinationAeTitle: string,
  options: RequestorOptions,
): Promise<number> {
  const identifier = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: studyInstanceUid };
  let failed = 0;
  await ask(
    peer,
    { sopClassUid: queryRetrieve.move, identifier, destinationAeTitle },
    options,
    ({ command }) => {
      failed = command.failedSuboperations ?? failed;
    },
  );
  return failed;
}

async function ask(
  peer: PeerAddress,
  query: { sopClassUid: string; identifier: Dataset; destinationAeTitle?: string },
  options: RequestorOptions,
  take: (message: Message, transferSyntaxUid: string) => void,
): Promise<void> {
  const { sopClassUid } = query;
  const contexts = messageContexts(sopClassUid);
  await using association = await openAssociation(peer, contexts, options);
  const context = acceptedContext(association, contexts);
  if (context === undefined)
    throw refused(peer, contextResultText(association.grant.results.get(contexts[0]!.id)));
  await association.writeMessage(
    context.id,
    queryRequest({ messageId: 1, sopClassUid }, query.destinationAeTitle),
    await messageDataset(query.identifier, context.transferSyntaxUid),
  );
  for (;;) {
    const message = await association.nextMessage();
    const status = message.command.status ?? 0xc000;
    take(message, context.transferSyntaxUid);
    if (isPending(status)) continue;
    // B000H: some sub-operations failed; what came has come
    if (status === 0x0000 || status === 0xb000) return;
    const { errorComment } = message.command;
    throw refused(
      peer,
      `status ${hexWord(status)}H${errorComment === undefined ? '' : ` (${errorComment})`}`,
    );
  }
}

function isPending(status: number): boolean {
  return status === 0xff00 || status === 0xff01;
}

function refused(peer: PeerAddress, why: string): WillisError {
  return new WillisError(
    'QUERY_REFUSED',
    `${peer.aeTitle} did not answer the query for prior studies: ${why}. It must know our AE title and our address as a C-MOVE destination.`,
    { retry: 'later' },
  );
}
