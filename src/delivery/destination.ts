import type { PeerAddress, TlsFiles, WebServer } from '../network/index.ts';

/** Who gets results, what of them, and how patient we are with it. */
export type Destination = DicomDestination | StowDestination;

/** A PACS by C-STORE. */
export interface DicomDestination extends Wishes, PeerAddress {
  readonly type?: 'dicom' | undefined;
  readonly commitment: boolean;
  /** Without a commitment report for so long, results are sent and asked for again. */
  readonly commitmentTimeoutSeconds: number;
  readonly instanceAvailability?: PeerAddress | undefined;
}

/** A PACS by STOW-RS. */
export interface StowDestination extends Wishes, WebServer {
  readonly type: 'stow-rs';
}

interface Wishes {
  readonly name: string;
  readonly results: readonly string[];
  /** By kind: what to send where it is refused, in order. */
  readonly fallbacks: Readonly<Record<string, readonly string[] | undefined>>;
  readonly compression: 'none' | 'rle' | 'jpeg-ls' | 'jpeg-2000';
  readonly firstRetrySeconds: number;
  readonly longestRetrySeconds: number;
  readonly hl7?: Hl7Receiver | undefined;
}

export interface Hl7Receiver {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly receivingApplication: string;
  readonly receivingFacility: string;
}

/** What an administrator wants to read about deliveries; never patient data. */
export interface DeliveryEvents {
  readonly delivered: (delivery: { destination: string; analysisId: number; stored: number }) => void;
  /** Nothing of it was sent: analysis `by` has replaced it. */
  readonly superseded: (superseded: { destination: string; analysisId: number; by: number }) => void;
  readonly givenUp: (substitution: Substitution & { destination: string; analysisId: number }) => void;
  /** Compression was wanted, but the destination does not take it. */
  readonly uncompressed: (sent: {
    destination: string;
    analysisId: number;
    wanted: string;
    instances: number;
  }) => void;
  readonly committed: (report: { destination: string; analysisId: number; instances: number }) => void;
  readonly notCommitted: (failure: {
    destination: string;
    analysisId: number;
    instances: number;
    why: string;
  }) => void;
  readonly notified: (notice: {
    destination: string;
    analysisId: number;
    by: 'hl7' | 'instance availability';
  }) => void;
}

/** A kind of result that a destination does not take, and what goes instead. */
export interface Substitution {
  readonly kind: string;
  readonly instead: string;
  readonly why: string;
}
