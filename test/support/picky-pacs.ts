import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import dimse from 'dcmjs-dimse';
import { encodeDataset } from '../../src/dicom/index.ts';
import { openAssociation } from '../../src/network/requestor.ts';
import { freePort } from './node-process.ts';

const { Scp, Server, constants, responses } = dimse;
const { PresentationContextResult } = constants;
const commitment = '1.2.840.10008.1.20.1';

/** A PACS with limits, on another implementation than ours: what it takes, how it answers, how it reports storage commitment. */
export interface Habits {
  /** Whether a presentation context is accepted. */
  readonly accepts?: (sopClassUid: string, transferSyntaxUid: string) => boolean;
  /** The status of a C-STORE. */
  readonly status?: (sopClassUid: string, transferSyntaxUid: string, dataset: Buffer) => number;
  /** To which port reports go, and what becomes of the n-th request (from 1): which instances are kept; null: silence. */
  readonly commit?: {
    readonly reportPort: () => number;
    readonly delayMs?: number;
    readonly keeps: (request: number, sopInstanceUids: readonly string[]) => readonly string[] | null;
  };
}

export interface StoredObject {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataset: Buffer;
}

export interface PickyPacs extends Disposable {
  readonly port: number;
  /** In order of arrival, doubles included. */
  readonly stored: readonly StoredObject[];
  readonly commitments: readonly {
    readonly transactionUid: string;
    readonly sopInstanceUids: readonly string[];
  }[];
  /** Data sets of N-CREATE, by keyword. */
  readonly created: readonly Record<string, unknown>[];
  /** Statuses that our reports were answered with. */
  readonly reportAnswers: readonly (number | string)[];
  /** Sends a report now, whoever asked. */
  report(transactionUid: string, kept: readonly string[], lost: readonly string[]): Promise<void>;
}

interface State {
  readonly habits: Habits;
  readonly stored: StoredObject[];
  readonly commitments: { transactionUid: string; sopInstanceUids: readonly string[] }[];
  readonly created: Record<string, unknown>[];
  readonly reportAnswers: (number | string)[];
}

export async function startPickyPacs(habits: Habits): Promise<PickyPacs> {
  const state: State = { habits, stored: [], commitments: [], created: [], reportAnswers: [] };
  const port = await freePort();
  const server = new Server(scpClass(state));
  server.on('networkError', () => undefined);
  server.listen(port);
  return {
    port,
    stored: state.stored,
    commitments: state.commitments,
    created: state.created,
    reportAnswers: state.reportAnswers,
    report: async (...told) => await report(state, ...told),
    [Symbol.dispose]: () => server.close(),
  };
}

type Association = Parameters<InstanceType<typeof Scp>['associationRequested']>[0];
type StoreRequest = Parameters<InstanceType<typeof Scp>['cStoreRequest']>[0];
type StoreCallback = Parameters<InstanceType<typeof Scp>['cStoreRequest']>[1];
type CreateRequest = Parameters<InstanceType<typeof Scp>['nCreateRequest']>[0];
type CreateCallback = Parameters<InstanceType<typeof Scp>['nCreateRequest']>[1];
type ActionRequest = Parameters<InstanceType<typeof Scp>['nActionRequest']>[0];
type ActionCallback = Parameters<InstanceType<typeof Scp>['nActionRequest']>[1];

function scpClass(state: State): typeof Scp {
  return class extends Scp {
    private parts: Buffer[] = [];
    private syntax = '';

    constructor(socket: Socket, options: object) {
      super(socket, options);
      this.on('networkError', () => undefined);
    }

    override createStoreWritableStream(context: {
      getAcceptedTransferSyntaxUid(): string | undefined;
    }): Writable {
      this.syntax = context.getAcceptedTransferSyntaxUid() ?? '';
      this.parts = [];
      return new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          this.parts.push(Buffer.from(chunk));
          done();
        },
      });
    }

    override createDatasetFromStoreWritableStream(
      _stream: Writable,
      _context: unknown,
      callback: (dataset: never) => void,
    ): void {
      callback(undefined as never);
    }

    override associationRequested(association: Association): void {
      for (const { context } of association.getPresentationContexts()) {
        const [syntax = ''] = context.getTransferSyntaxUids();
        const taken = state.habits.accepts?.(context.getAbstractSyntaxUid(), syntax) ?? true;
        if (taken) context.setResult(PresentationContextResult.Accept, syntax);
        else context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported, syntax);
      }
      this.sendAssociationAccept();
    }

    override cStoreRequest(request: StoreRequest, callback: StoreCallback): void {
      const response = responses.CStoreResponse.fromRequest(request);
      const [sopClassUid, sopInstanceUid] = [
        request.getAffectedSopClassUid(),
        request.getAffectedSopInstanceUid(),
      ];
      const dataset = Buffer.concat(this.parts);
      const status = state.habits.status?.(sopClassUid, this.syntax, dataset) ?? 0;
      if (status === 0) {
        state.stored.push({ sopClassUid, sopInstanceUid, transferSyntaxUid: this.syntax, dataset });
      }
      response.setStatus(status);
      callback(response);
    }

    override nActionRequest(request: ActionRequest, callback: ActionCallback): void {
      const { TransactionUID, ReferencedSOPSequence } = request.getDataset()!.getElements() as unknown as {
        TransactionUID: string;
        ReferencedSOPSequence: readonly { ReferencedSOPInstanceUID: string }[];
      };
      const sopInstanceUids = ReferencedSOPSequence.map((item) => item.ReferencedSOPInstanceUID);
      state.commitments.push({ transactionUid: TransactionUID, sopInstanceUids });
      const response = responses.NActionResponse.fromRequest(request);
      response.setStatus(0);
      callback(response);
      const { commit } = state.habits;
      const kept = commit?.keeps(state.commitments.length, sopInstanceUids) ?? null;
      if (kept === null) return;
      void sleep(commit?.delayMs ?? 50).then(async () => {
        const lost = sopInstanceUids.filter((uid) => !kept.includes(uid));
        await report(state, TransactionUID, kept, lost);
      });
    }

    override nCreateRequest(request: CreateRequest, callback: CreateCallback): void {
      state.created.push(request.getDataset()!.getElements());
      const response = responses.NCreateResponse.fromRequest(request);
      response.setStatus(0);
      callback(response);
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  };
}

/** N-EVENT-REPORT on an association of its own (PS3.4 J.3.3). */
async function report(
  state: State,
  transactionUid: string,
  kept: readonly string[],
  lost: readonly string[],
): Promise<void> {
  const reference = (uid: string): Record<string, string> => ({
    ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    ReferencedSOPInstanceUID: uid,
  });
  const dataset = encodeDataset({
    TransactionUID: transactionUid,
    ReferencedSOPSequence: kept.map(reference),
    ...(lost.length === 0
      ? {}
      : { FailedSOPSequence: lost.map((uid) => ({ ...reference(uid), FailureReason: 0x0112 })) }),
  });
  try {
    const context = { id: 1, abstractSyntaxUid: commitment, transferSyntaxUid: '1.2.840.10008.1.2.1' };
    const node = { aeTitle: 'WILLIS', host: '127.0.0.1', port: state.habits.commit!.reportPort() };
    await using association = await openAssociation(node, [context], { callingAeTitle: 'PACS' });
    await association.writeMessage(1, eventReportRequest(lost.length === 0 ? 1 : 2), dataset);
    state.reportAnswers.push((await association.nextResponse()).status ?? 'none');
  } catch (error) {
    state.reportAnswers.push((error as Error).message);
  }
}

/** N-EVENT-REPORT-RQ (PS3.7 10.3.1.1). */
export function eventReportRequest(eventTypeId: number, sopClassUid = commitment): Buffer {
  const elements = [
    text(0x0002, sopClassUid),
    number(0x0100, 0x0100),
    number(0x0110, 1),
    number(0x0800, 1),
    text(0x1000, `${commitment}.1`),
    number(0x1002, eventTypeId),
  ];
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([element(0x0000, length), body]);
}

function text(tag: number, value: string): Buffer {
  return element(tag, Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1'));
}

function number(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(tag, bytes);
}

function element(tag: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(tag, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}
