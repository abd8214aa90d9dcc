import { WillisError } from '../errors.ts';
import { contextResultText } from './association-request.ts';
import { echoRequest } from './command.ts';
import { commandPdu } from './pdu-writer.ts';
import { openAssociation, type RequestorOptions } from './requestor.ts';
import type { PeerAddress } from './types.ts';

const verification = {
  id: 1,
  abstractSyntaxUid: '1.2.840.10008.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2',
};

export interface EchoReport {
  /** What was negotiated, step by step, in plain words. */
  readonly lines: readonly string[];
}

/** C-ECHO (PS3.4 A). Throws as `openAssociation` does, or ECHO_REFUSED. */
export async function verify(peer: PeerAddress, options: RequestorOptions): Promise<EchoReport> {
  const started = performance.now();
  await using association = await openAssociation(peer, [verification], options);
  const result = association.grant.results.get(verification.id);
  const lines = [
    `${peer.host}:${peer.port} accepted an association: it is called ${peer.aeTitle}, we called ourselves ${options.callingAeTitle}.`,
    `Verification: ${contextResultText(result)}.`,
    `Longest message part it takes: ${association.grant.maxPduLengthBytes} bytes.`,
  ];
  if (result !== 0) throw refused(peer, lines);
  await association.write(commandPdu(verification.id, echoRequest(1)));
  const answer = await association.nextResponse();
  if (answer.status !== 0)
    throw refused(peer, [...lines, `C-ECHO answered with status ${answer.status ?? 'none'}.`]);
  return { lines: [...lines, `C-ECHO succeeded in ${Math.round(performance.now() - started)} ms.`] };
}

function refused(peer: PeerAddress, lines: readonly string[]): WillisError {
  return new WillisError('ECHO_REFUSED', `${peer.aeTitle} does not answer C-ECHO:\n${lines.join('\n')}`);
}
