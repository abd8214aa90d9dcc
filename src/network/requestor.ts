import type net from 'node:net';
import { WillisError } from '../errors.ts';
import {
  associateRequest,
  parseGrant,
  rejectionText,
  type Grant,
  type ProposedContext,
} from './association-request.ts';
import { parseCommand, type Command } from './command.ts';
import { connect } from './connect.ts';
import { PduReader, pduType } from './pdu-reader.ts';
import { abortPdu, dataPdus, releasePdu } from './pdu-writer.ts';
import type { PeerAddress } from './types.ts';

export interface RequestorOptions {
  readonly callingAeTitle: string;
  readonly connectTimeoutMs?: number;
  /** For an answer of the peer, and for it to go on reading. */
  readonly answerTimeoutMs?: number;
}

export const ourMaxPduBytes = 131_072;
const longestMessageBytes = 1 << 24;

/** What a peer says on an association of ours: a command, and its data set where it has one. */
export interface Message {
  readonly contextId: number;
  readonly command: Command;
  readonly dataset: Buffer | null;
}

/** An association that we asked for. */
export interface Association extends AsyncDisposable {
  readonly grant: Grant;
  /** Writes, and waits until the system has taken the bytes; they may be overwritten then. */
  write(bytes: Buffer): Promise<void>;
  /** The next response of the peer; throws ASSOCIATION_LOST. */
  nextResponse(): Promise<Command>;
  /** The next message of the peer, within `timeoutMs`; throws ASSOCIATION_LOST. */
  nextMessage(timeoutMs?: number): Promise<Message>;
  /** Writes a command and the data set that belongs to it. */
  writeMessage(contextId: number, command: Buffer, dataset: Buffer): Promise<void>;
}

/**
 * Connects and negotiates. Throws PEER_UNREACHABLE, ASSOCIATION_REJECTED or ASSOCIATION_LOST, all worth another try later,
 * with the reason in words. Disposing releases politely, or aborts where the association is broken.
 */
export async function openAssociation(
  peer: PeerAddress,
  contexts: readonly ProposedContext[],
  options: RequestorOptions,
): Promise<Association> {
  const socket = await connect(peer, options.connectTimeoutMs ?? 10_000);
  const association = new OpenAssociation(socket, peer, options.answerTimeoutMs ?? 60_000);
  try {
    await association.negotiate(
      associateRequest({ called: peer.aeTitle, calling: options.callingAeTitle }, contexts, ourMaxPduBytes),
    );
    return association;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

class OpenAssociation implements Association {
  grant: Grant = { results: new Map(), maxPduLengthBytes: 16_384 };
  private readonly socket: net.Socket;
  private readonly peer: PeerAddress;
  private readonly timeoutMs: number;
  private readonly reader: PduReader;
  private parts: Buffer[] = [];
  private partsBytes = 0;
  private value = { contextId: 0, isCommand: true, isLast: false };
  /** A command whose data set is still to come. */
  private command: Command | undefined;
  private readonly arrived: (Message | Buffer)[] = [];
  private waiting: { resolve: (got: Message | Buffer) => void; reject: (error: Error) => void } | undefined;
  private broken: WillisError | undefined;

  constructor(socket: net.Socket, peer: PeerAddress, timeoutMs: number) {
    this.socket = socket;
    this.peer = peer;
    this.timeoutMs = timeoutMs;
    this.reader = new PduReader(
      {
        control: (_type, bytes) => this.arrive(bytes),
        valueStart: (value) => void (this.value = value),
        valueBytes: (bytes) => this.collect(bytes),
        valueEnd: () => this.endValue(),
      },
      { dataBytes: ourMaxPduBytes, controlBytes: 65_536 },
    );
    socket.on('data', (chunk) => this.feed(chunk));
    socket.on('error', (error) => this.fail(`the connection broke (${error.message})`));
    socket.on('close', () => this.fail('the peer closed the connection'));
  }

  async negotiate(request: Buffer): Promise<void> {
    await this.write(request);
    const reply = await this.next();
    if (!Buffer.isBuffer(reply)) throw this.lost('it answered the association request with data');
    if (reply[0] === pduType.associateRj) {
      throw new WillisError(
        'ASSOCIATION_REJECTED',
        `${this.name} rejected our association ${rejectionText(reply)}.`,
        { retry: 'later' },
      );
    }
    const grant = reply[0] === pduType.associateAc ? parseGrant(reply) : undefined;
    if (grant === undefined) throw this.lost('it did not answer the association request with an acceptance');
    this.grant = grant;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const written = new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error == null ? resolve() : reject(this.broken ?? error)));
    });
    await this.within(written);
  }

  async writeMessage(contextId: number, command: Buffer, dataset: Buffer): Promise<void> {
    const chunkBytes = this.grant.maxPduLengthBytes - 6;
    await this.write(dataPdus(contextId, command, { chunkBytes, isCommand: true, isEnd: true }));
    await this.write(dataPdus(contextId, dataset, { chunkBytes, isCommand: false, isEnd: true }));
  }

  async nextResponse(): Promise<Command> {
    return (await this.nextMessage()).command;
  }

  async nextMessage(timeoutMs?: number): Promise<Message> {
    const got = await this.next(timeoutMs);
    if (!Buffer.isBuffer(got)) return got;
    throw this.lost(
      got[0] === pduType.abort
        ? 'the peer aborted the association'
        : `the peer sent a PDU of type ${got[0]} instead of a response`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.broken === undefined) {
      this.socket.write(releasePdu('request'));
      // the results are stored already: a peer that does not answer the release loses nothing
      await this.next(3000).catch(() => this.socket.write(abortPdu(0, 0)));
    }
    this.socket.destroy();
  }

  private async next(timeoutMs = this.timeoutMs): Promise<Message | Buffer> {
    const first = this.arrived.shift();
    if (first !== undefined) return first;
    if (this.broken !== undefined) throw this.broken;
    const answer = new Promise<Message | Buffer>((resolve, reject) => (this.waiting = { resolve, reject }));
    return await this.within(answer, timeoutMs);
  }

  private async within<T>(work: Promise<T>, timeoutMs = this.timeoutMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.lost(`no answer for ${timeoutMs / 1000} s`)), timeoutMs);
    });
    try {
      return await Promise.race([work, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  private feed(chunk: Buffer): void {
    try {
      this.reader.feed(chunk);
    } catch (error) {
      this.fail(`the peer sent ${(error as Error).message}`);
      this.socket.destroy();
    }
  }

  private collect(bytes: Buffer): void {
    this.parts.push(Buffer.from(bytes));
    this.partsBytes += bytes.length;
    if (this.partsBytes > longestMessageBytes) throw new Error('a message without end');
  }

  private endValue(): boolean {
    if (!this.value.isLast) return false;
    const bytes = Buffer.concat(this.parts);
    this.parts = [];
    this.partsBytes = 0;
    const command = this.value.isCommand ? parseCommand(bytes) : this.command;
    if (command === undefined) throw new Error('a response that cannot be read');
    this.command = this.value.isCommand && command.hasDataset ? command : undefined;
    if (this.command === undefined)
      this.arrive({
        contextId: this.value.contextId,
        command,
        dataset: this.value.isCommand ? null : bytes,
      });
    return false;
  }

  private arrive(got: Message | Buffer): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined) this.arrived.push(got);
    else waiting.resolve(got);
  }

  private fail(what: string): void {
    this.broken ??= this.lost(what);
    this.waiting?.reject(this.broken);
    this.waiting = undefined;
  }

  private lost(what: string): WillisError {
    return new WillisError('ASSOCIATION_LOST', `${this.name}: ${what}.`, { retry: 'later' });
  }

  private get name(): string {
    return `${this.peer.aeTitle} at ${this.peer.host}:${this.peer.port}`;
  }
}
