import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import dimse from 'dcmjs-dimse';
import { implementation } from '../dicom/index.ts';

const { Scp, Implementation, constants } = dimse;
const { PresentationContextResult } = constants;

export const verification = '1.2.840.10008.1.1';
/** The peer is SCP here: it comes to report (PS3.4 J.3.3). */
const storageCommitment = '1.2.840.10008.1.20.1';
const uncompressed: ReadonlySet<string> = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);
/** Storage SOP Classes lie below this root (PS3.4 B.5, PS3.6 A); so do retired ones that old scanners still send. */
export const storageRoot = '1.2.840.10008.5.1.4.1.1.';
/** Query/Retrieve and the like share the root of Storage but end in these branches; they are no Storage. */
const notStorage = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:200\.|201\.)/;
const transferSyntaxRoot = '1.2.840.10008.1.2';

/** A presentation context that was accepted: what it carries, and how. */
export interface AcceptedContext {
  readonly abstractSyntaxUid: string;
  readonly transferSyntaxUid: string;
}

export interface Requestor {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly maxPduLengthBytes: number;
}

/** A-ASSOCIATE-RJ fields (PS3.8 9.3.4). */
export interface Rejection {
  readonly result: 1 | 2;
  readonly source: 1 | 2 | 3;
  readonly reason: number;
  readonly text: string;
}

/** The answer to an A-ASSOCIATE-RQ: bytes to send, and what was agreed. */
export type Negotiated =
  | {
      readonly kind: 'accepted';
      readonly reply: Buffer;
      readonly requestor: Requestor;
      readonly contexts: ReadonlyMap<number, AcceptedContext>;
      readonly lines: readonly string[];
    }
  | {
      readonly kind: 'rejected';
      readonly reply: Buffer;
      readonly requestor: Requestor;
      readonly rejection: Rejection;
    }
  | { readonly kind: 'fault'; readonly text: string };

dimse.log.setLevel('silent');

/**
 * Lets dcmjs-dimse read an A-ASSOCIATE-RQ and write the answer, on a socket that is only a pair of ears: the library never
 * sees the peer. `decide` may refuse the requestor. Asynchronous operations and user identity are not granted.
 */
export function negotiate(
  request: Buffer,
  maxPduLengthBytes: number,
  decide: (requestor: Requestor) => Rejection | null,
): Negotiated {
  const socket = new EarsOnly();
  const scp = new Scp(socket as unknown as Socket);
  clearInterval((scp as unknown as { timeoutIntervalId: NodeJS.Timeout }).timeoutIntervalId);
  let outcome: Negotiated = { kind: 'fault', text: 'an A-ASSOCIATE-RQ that cannot be read' };
  Implementation.setImplementationClassUid(implementation.classUid);
  Implementation.setImplementationVersion(implementation.versionName);
  Implementation.setMaxPduLength(maxPduLengthBytes);
  scp.on('networkError', () => undefined);
  scp.associationRequested = (association) => {
    try {
      outcome = answer(scp, association, { maxPduLengthBytes, decide, socket });
    } catch (error) {
      outcome = {
        kind: 'fault',
        text: `an A-ASSOCIATE-RQ that cannot be answered (${(error as Error).message})`,
      };
    }
  };
  // the library hands an error to a listener of its own; reading happens inside this call
  socket.emit('data', request);
  return outcome;
}

type LibraryAssociation = Parameters<InstanceType<typeof Scp>['associationRequested']>[0];

function answer(
  scp: InstanceType<typeof Scp>,
  association: LibraryAssociation,
  by: { maxPduLengthBytes: number; decide: (requestor: Requestor) => Rejection | null; socket: EarsOnly },
): Negotiated {
  const requestor: Requestor = {
    callingAeTitle: printable(association.getCallingAeTitle()),
    calledAeTitle: printable(association.getCalledAeTitle()),
    maxPduLengthBytes: association.getMaxPduLength(),
  };
  const rejection = by.decide(requestor);
  if (rejection !== null) {
    scp.sendAssociationReject(rejection.result, rejection.source, rejection.reason);
    return { kind: 'rejected', reply: by.socket.written(), requestor, rejection };
  }
  association.setNegotiateAsyncOps(false);
  association.setNegotiateUserIdentityServerResponse(false);
  association.setMaxPduLength(by.maxPduLengthBytes);
  const contexts = new Map<number, AcceptedContext>();
  const lines: string[] = [];
  for (const { id, context } of association.getPresentationContexts()) {
    const accepted = judge(context);
    settleRoles(context, accepted);
    if (accepted !== null) contexts.set(id, accepted);
    lines.push(
      `${id}: ${context.getAbstractSyntaxUid()} ${accepted === null ? 'refused' : `accepted in ${accepted.transferSyntaxUid}`}`,
    );
  }
  scp.sendAssociationAccept();
  return { kind: 'accepted', reply: by.socket.written(), requestor, contexts, lines };
}

/** Roles are not granted, but for a peer that reports a storage commitment: it is the SCP, we are the SCU (PS3.7 D.3.3.4). */
function settleRoles(context: LibraryContext, accepted: AcceptedContext | null): void {
  const roles = context as unknown as { userRole: boolean | undefined; providerRole: boolean | undefined };
  const reports = accepted?.abstractSyntaxUid === storageCommitment && roles.providerRole === true;
  roles.userRole = reports ? false : undefined;
  roles.providerRole = reports ? true : undefined;
}

type LibraryContext = ReturnType<LibraryAssociation['getPresentationContexts']>[number]['context'];

/** The first proposed transfer syntax of the standard is taken, compressed or not: instances are stored as they are sent. */
function judge(context: LibraryContext): AcceptedContext | null {
  const abstractSyntaxUid = context.getAbstractSyntaxUid();
  const proposed = context.getTransferSyntaxUids();
  const isStorage = abstractSyntaxUid.startsWith(storageRoot) && !notStorage.test(abstractSyntaxUid);
  const isVerification = abstractSyntaxUid === verification;
  const isReport = abstractSyntaxUid === storageCommitment;
  if (!isStorage && !isVerification && !isReport) {
    context.setResult(
      PresentationContextResult.RejectAbstractSyntaxNotSupported,
      proposed[0] ?? transferSyntaxRoot,
    );
    return null;
  }
  const transferSyntaxUid = proposed.find((uid) =>
    isReport ? uncompressed.has(uid) : uid === transferSyntaxRoot || uid.startsWith(`${transferSyntaxRoot}.`),
  );
  if (transferSyntaxUid === undefined) {
    context.setResult(
      PresentationContextResult.RejectTransferSyntaxesNotSupported,
      proposed[0] ?? transferSyntaxRoot,
    );
    return null;
  }
  context.setResult(PresentationContextResult.Accept, transferSyntaxUid);
  return { abstractSyntaxUid, transferSyntaxUid };
}

/** AE titles of strangers go to the log: no control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7E]/g, '?').trim();
}

/** What the library takes for a socket: it hears bytes and its answers are kept. */
class EarsOnly extends EventEmitter {
  private readonly chunks: Buffer[] = [];

  setTimeout(): this {
    return this;
  }

  write(bytes: Buffer): boolean {
    this.chunks.push(Buffer.from(bytes));
    return true;
  }

  end(): this {
    return this;
  }

  written(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
