export interface PeerAddress {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

/** PEM files for a secure connection; every one may be left out. */
export interface TlsFiles {
  /** Who may have signed the peer's certificate; left out: the authorities Node knows. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name its certificate must have; left out: its host. */
  readonly serverName?: string | undefined;
}

/** A device that may call; without a host it may call from anywhere. */
export interface Caller {
  readonly aeTitle: string;
  readonly host?: string | undefined;
}

export interface ReceiverOptions {
  readonly aeTitle: string;
  readonly acceptAnyCalledAeTitle: boolean;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly maxAssociations: number;
  /** Empty: any device may call. */
  readonly callers: readonly Caller[];
  readonly maxPduLengthBytes: number;
  readonly maxInstanceBytes: number;
  readonly associationTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  readonly pduTimeoutSeconds: number;
  readonly minimumRateBytesPerSecond: number;
  /** `none` acknowledges before the disk has it: for benchmarks against peers that do the same. */
  readonly durability: 'full' | 'none';
  /** Set: only TLS is spoken on this port; with `ca` callers need a certificate signed by it. */
  readonly tls?: TlsFiles | undefined;
}

/** A complete Part 10 file, flushed to disk, that waits for its index row. */
export interface ReceivedInstance {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  readonly associationId: string;
  /** Set where the instance is part of a C-MOVE: the AE title that asked for it. */
  readonly moveOriginatorAeTitle: string | undefined;
  readonly head: Uint8Array;
  readonly datasetOffset: number;
}

export type Admission = { readonly kind: 'accept' } | { readonly kind: 'busy'; readonly why: string };

/** An instance as its C-STORE command named it, which is not here. */
export interface MissingInstance {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

/** How an association ended, and a line about it that an administrator understands. */
export interface AssociationSummary {
  readonly id: string;
  readonly ending:
    | 'released'
    | 'aborted'
    /** Silent between messages. */
    | 'timed-out'
    /** Silent in the middle of a message. */
    | 'stalled'
    | 'protocol-fault'
    | 'rejected'
    | 'disconnected'
    | 'shut-down';
  /** Instances that were answered with a failure. */
  readonly refused: number;
  /** Instances that were refused or broken off midway, and did not come again on this association. */
  readonly missing: readonly MissingInstance[];
  readonly text: string;
  /** "" where the connection ended before it was told. */
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  /** Refused because we do not know the caller, or not from this address. */
  readonly isStranger: boolean;
  /** What was negotiated, a line a presentation context. */
  readonly negotiation: readonly string[];
}

/** What stands behind the receiver: the archive, and whether there is room for more. */
export interface ReceiverPort {
  /** A new absolute path, in a folder that exists. May throw: the instance is refused as out of resources. */
  allocate(): string;
  admit(): Admission;
  /** Takes the file over, and may read `head` until it has answered; resolves to the DIMSE status once its row is committed. Not 0000H: the file is deleted. */
  commit(received: ReceivedInstance): Promise<number>;
  associationClosed(summary: AssociationSummary): void;
  /** Takes a storage commitment report; resolves to the DIMSE status. Left out: reports are refused. */
  reported?(report: CommitmentReport): Promise<number>;
}

/** What a Storage Commitment SCP says of one transaction (PS3.4 J.3.3). */
export interface CommitmentReport {
  readonly transactionUid: string;
  readonly committed: readonly string[];
  readonly failed: readonly { readonly sopInstanceUid: string; readonly reason: number }[];
}

export interface OutgoingInstance {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/**
 * `stored` also covers warnings (Bxxx): the peer holds the instance. `lasting` says that the peer refuses this object as such,
 * so that sending it again cannot help.
 */
export type SendOutcome =
  | {
      readonly kind: 'stored';
      readonly sopInstanceUid: string;
      readonly status: number;
      readonly transferSyntaxUid: string;
    }
  | {
      readonly kind: 'refused';
      readonly sopInstanceUid: string;
      readonly status: number;
      readonly text: string;
      readonly lasting: boolean;
    }
  | {
      readonly kind: 'not-sent';
      readonly sopInstanceUid: string;
      readonly text: string;
      readonly lasting: boolean;
    };

/** How an instance may be written for a peer that does not take the transfer syntax of its file. */
export interface Conversion {
  /** Transfer syntaxes to offer, the wanted one first; that of the file needs no conversion. */
  readonly offered: (instance: OutgoingInstance) => readonly string[];
  /** The data set in one of them, without Part 10 header. */
  readonly convert: (instance: OutgoingInstance, transferSyntaxUid: string) => Promise<Buffer>;
}
