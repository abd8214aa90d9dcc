export interface PeerAddress {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
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
  readonly head: Uint8Array;
  readonly datasetOffset: number;
}

export type Admission = { readonly kind: 'accept' } | { readonly kind: 'busy'; readonly why: string };

/** How an association ended, and a line about it that an administrator understands. */
export interface AssociationSummary {
  readonly id: string;
  readonly ending:
    'released' | 'aborted' | 'timed-out' | 'protocol-fault' | 'rejected' | 'disconnected' | 'shut-down';
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
  /** Takes the file over; resolves to the DIMSE status once its row is committed. Not 0000H: the file is deleted. */
  commit(received: ReceivedInstance): Promise<number>;
  associationClosed(summary: AssociationSummary): void;
}

export interface OutgoingInstance {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** `stored` also covers warnings (Bxxx): the peer holds the instance. */
export type SendOutcome =
  | { readonly kind: 'stored'; readonly sopInstanceUid: string; readonly status: number }
  | {
      readonly kind: 'refused';
      readonly sopInstanceUid: string;
      readonly status: number;
      readonly text: string;
    }
  | { readonly kind: 'not-sent'; readonly sopInstanceUid: string; readonly text: string };
