import { commandField, parseCommand, response, type Command } from './command.ts';
import { openSink } from './instance-sink.ts';
import { answerEventReport } from './event-report.ts';
import {
  datasetDoesNotMatch,
  drained,
  isTooSlow,
  keepInstance,
  longestReportBytes,
  outOfResources,
  success,
  type Storing,
} from './storing.ts';
import { callerName, counted } from './association-words.ts';
import { negotiate, type AcceptedContext, type Rejection, type Requestor } from './negotiation.ts';
import { hexWord } from '../dicom/index.ts';
import { PduReader, ProtocolFault, pduType } from './pdu-reader.ts';
import { abortPdu, commandPdu, releasePdu } from './pdu-writer.ts';
import type { SpareFiles } from './spare-files.ts';
import { Tally } from './tally.ts';
import type { AssociationSummary, ReceiverOptions, ReceiverPort } from './types.ts';

/** The stream of one peer, as the connection uses it. */
export interface PeerStream {
  readonly remoteAddress: string;
  write(bytes: Buffer): void;
  pause(): void;
  resume(): void;
  /** Sends what is written, then closes whatever the peer does. */
  close(): void;
}

const longestCommandBytes = 65_536;
const longestControlBytes = 65_536;
const uidPattern = /^[0-9.]{1,64}$/;

type Phase = 'awaiting-association' | 'open' | 'closed';

/** One association: what arrives is cut, limited and timed here; objects go straight to the disk (PS3.8 9.2, PS3.7 9.3). */
export class Connection {
  readonly id: string;
  private readonly stream: PeerStream;
  private readonly options: ReceiverOptions;
  private readonly port: ReceiverPort;
  private readonly reader: PduReader;
  private readonly files: SpareFiles;
  private readonly admit: (requestor: Requestor, remoteAddress: string) => Rejection | null;
  private phase: Phase = 'awaiting-association';
  private requestor: Requestor | undefined;
  private negotiation: readonly string[] = [];
  private isStranger = false;
  private contexts: ReadonlyMap<number, AcceptedContext> = new Map();
  private value: { contextId: number; isCommand: boolean; isLast: boolean } | undefined;
  private command: Buffer[] = [];
  private commandLength = 0;
  private storing: Storing | undefined;
  private held: Buffer | undefined;
  private working = false;
  private lastProgressAt: number;
  private readonly connectedAt: number;
  private readonly tally = new Tally();
  /** Set where the association ended while an instance was being kept: what became of that belongs to the summary. */
  private ended: { readonly ending: AssociationSummary['ending']; readonly what: string } | undefined;

  constructor(
    id: string,
    parts: {
      stream: PeerStream;
      options: ReceiverOptions;
      port: ReceiverPort;
      files: SpareFiles;
      admit: (requestor: Requestor, remoteAddress: string) => Rejection | null;
    },
  ) {
    this.id = id;
    this.stream = parts.stream;
    this.options = parts.options;
    this.port = parts.port;
    this.files = parts.files;
    this.admit = parts.admit;
    this.connectedAt = Date.now();
    this.lastProgressAt = this.connectedAt;
    this.reader = new PduReader(
      {
        control: (type, bytes) => this.takeControl(type, bytes),
        valueStart: (value) => this.startValue(value),
        valueBytes: (bytes) => this.takeValueBytes(bytes),
        valueEnd: () => this.endValue(),
      },
      { dataBytes: parts.options.maxPduLengthBytes, controlBytes: longestControlBytes },
    );
  }

  get isOpen(): boolean {
    return this.phase === 'open';
  }

  get isWorking(): boolean {
    return this.working || this.storing !== undefined;
  }

  /** Bytes from the peer; the buffer is used again after this call. */
  receive(chunk: Buffer): void {
    if (this.phase === 'closed') return;
    this.lastProgressAt = Date.now();
    if (this.isHeld()) return this.hold(chunk);
    try {
      const taken = this.reader.feed(chunk);
      if (taken < chunk.length) this.hold(chunk.subarray(taken));
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.abort('protocol-fault', `sent ${error.message}`);
    }
  }

  /** The stream has ended, by either side. */
  disconnected(): void {
    if (this.phase === 'closed') return;
    this.finish(
      'disconnected',
      this.storing === undefined
        ? 'closed the connection without a release'
        : 'closed the connection in the middle of an object, which was dropped',
    );
  }

  /** Ends what takes too long; never while the node itself is at work. */
  checkTime(now: number): void {
    if (this.phase === 'closed' || this.working) return;
    const { associationTimeoutSeconds, idleTimeoutSeconds, pduTimeoutSeconds } = this.options;
    const quietSeconds = (now - this.lastProgressAt) / 1000;
    if (this.phase === 'awaiting-association') {
      if (now - this.connectedAt > associationTimeoutSeconds * 1000)
        this.abort('timed-out', `did not ask for an association within ${associationTimeoutSeconds} s`);
      return;
    }
    const midway = this.storing !== undefined || !this.reader.isIdle || this.commandLength > 0;
    if (midway && quietSeconds > pduTimeoutSeconds)
      this.abort('stalled', `stopped in the middle of a message for ${pduTimeoutSeconds} s`);
    else if (midway) this.checkRate(now);
    else if (quietSeconds > idleTimeoutSeconds)
      this.abort('timed-out', `sent nothing for ${idleTimeoutSeconds} s`);
  }

  shutDown(): void {
    this.abort('shut-down', 'was cut off because the node stops');
  }

  private checkRate(now: number): void {
    if (this.storing === undefined || !isTooSlow(this.storing, now, this.options)) return;
    this.abort(
      'timed-out',
      `sent an object slower than ${this.options.minimumRateBytesPerSecond} bytes a second`,
    );
  }

  private hold(bytes: Buffer): void {
    this.held = this.held === undefined ? Buffer.from(bytes) : Buffer.concat([this.held, bytes]);
    this.stream.pause();
  }

  private goOn(): void {
    this.working = false;
    this.lastProgressAt = Date.now();
    if (this.ended !== undefined) this.tell(this.ended);
    if (this.phase === 'closed') return;
    const held = this.held;
    this.held = undefined;
    if (held !== undefined) this.receive(held);
    // what was held may itself have started work that holds the rest
    if (!this.isHeld()) this.stream.resume();
  }

  private isHeld(): boolean {
    return this.held !== undefined || this.working;
  }

  private takeControl(type: number, bytes: Buffer): void {
    if (type === pduType.associateRq && this.phase === 'awaiting-association') return this.associate(bytes);
    if (type === pduType.releaseRq && this.phase === 'open' && this.storing === undefined) {
      this.stream.write(releasePdu('response'));
      return this.finish('released', 'released');
    }
    if (type === pduType.abort) return this.finish('aborted', 'aborted the association');
    throw new ProtocolFault(`a PDU of type ${type} where the protocol has no place for it`);
  }

  private associate(request: Buffer): void {
    const outcome = negotiate(request, this.options.maxPduLengthBytes, (requestor) =>
      this.admit(requestor, this.stream.remoteAddress),
    );
    if (outcome.kind === 'fault') throw new ProtocolFault(outcome.text);
    this.requestor = outcome.requestor;
    this.stream.write(outcome.reply);
    // PS3.8 Table 9-21: source 1, reason 3, calling AE title not recognised
    this.isStranger =
      outcome.kind === 'rejected' && outcome.rejection.source === 1 && outcome.rejection.reason === 3;
    if (outcome.kind === 'rejected') return this.finish('rejected', `was refused: ${outcome.rejection.text}`);
    this.contexts = outcome.contexts;
    this.negotiation = outcome.lines;
    this.phase = 'open';
  }

  private startValue(value: {
    contextId: number;
    isCommand: boolean;
    isLast: boolean;
    length: number;
  }): void {
    if (this.phase !== 'open') throw new ProtocolFault('data outside an association');
    if (!this.contexts.has(value.contextId))
      throw new ProtocolFault(`data on presentation context ${value.contextId}, which was not accepted`);
    if (value.isCommand !== (this.storing === undefined))
      throw new ProtocolFault(
        value.isCommand ? 'a command inside an object' : 'a data set without a command',
      );
    if (!value.isCommand && value.contextId !== this.storing?.contextId)
      throw new ProtocolFault('an object on two presentation contexts');
    if (value.isCommand && this.commandLength + value.length > longestCommandBytes)
      throw new ProtocolFault('a command of more than 64 KB');
    this.value = value;
  }

  private takeValueBytes(bytes: Buffer): void {
    const { storing } = this;
    if (storing === undefined) {
      this.command.push(Buffer.from(bytes));
      this.commandLength += bytes.length;
      return;
    }
    storing.receivedBytes += bytes.length;
    if (storing.receivedBytes > this.options.maxInstanceBytes)
      throw new ProtocolFault(`an object larger than ${this.options.maxInstanceBytes} bytes`);
    if (storing.report !== undefined && storing.receivedBytes > longestReportBytes)
      throw new ProtocolFault(`a report larger than ${longestReportBytes} bytes`);
    storing.report?.push(Buffer.from(bytes));
    storing.sink?.take(bytes);
  }

  /** True when an object is complete: nothing more is read until its answer is sent. */
  private endValue(): boolean {
    if (this.value?.isLast !== true) return false;
    if (this.storing === undefined) return this.runCommand();
    this.working = true;
    if (this.storing.report === undefined) void this.store(this.storing);
    else void this.takeReport(this.storing, Buffer.concat(this.storing.report));
    return true;
  }

  private runCommand(): boolean {
    const command = parseCommand(Buffer.concat(this.command));
    this.command = [];
    this.commandLength = 0;
    const contextId = this.value!.contextId;
    if (command?.messageId === undefined) throw new ProtocolFault('a command set that cannot be read');
    if (command.field === commandField.cEchoRq && !command.hasDataset) {
      const operation = { messageId: command.messageId, sopClassUid: command.affectedSopClassUid ?? '' };
      this.stream.write(commandPdu(contextId, response(commandField.cEchoRsp, operation, success)));
    } else if (command.field === commandField.cStoreRq && command.hasDataset)
      this.beginStoring(command, contextId);
    else if (command.field === commandField.nEventReportRq && command.hasDataset)
      this.storing = { ...drained(command, contextId, this.contexts.get(contextId)!), report: [] };
    else throw new ProtocolFault(`a command (${hexWord(command.field ?? 0)}H) this node does not offer`);
    return false;
  }

  private async takeReport({ command, contextId, context }: Storing, dataset: Buffer): Promise<void> {
    const { transferSyntaxUid } = context;
    const answer = await answerEventReport(command, { dataset, transferSyntaxUid }, this.port);
    this.storing = undefined;
    if (this.phase === 'open') this.stream.write(commandPdu(contextId, answer));
    this.goOn();
  }

  private beginStoring(command: Command, contextId: number): void {
    const { affectedSopClassUid, affectedSopInstanceUid } = command;
    if (affectedSopClassUid === undefined || affectedSopInstanceUid === undefined)
      throw new ProtocolFault('a C-STORE-RQ without UIDs');
    const context = this.contexts.get(contextId)!;
    const fits = uidPattern.test(affectedSopInstanceUid) && affectedSopClassUid === context.abstractSyntaxUid;
    const sink = fits ? openSink(this.files, affectedSopInstanceUid, context) : null;
    const refusal = fits ? outOfResources : datasetDoesNotMatch;
    this.storing = { ...drained(command, contextId, context), sink, refusal };
  }

  private async store(storing: Storing): Promise<void> {
    const who = { callingAeTitle: this.requestor?.callingAeTitle ?? '', associationId: this.id };
    const status = await keepInstance(storing, who, { port: this.port, durability: this.options.durability });
    this.storing = undefined;
    this.tally.answered(storing.command, status);
    const { messageId, affectedSopClassUid, affectedSopInstanceUid } = storing.command;
    const operation = {
      messageId: messageId!,
      sopClassUid: affectedSopClassUid!,
      sopInstanceUid: affectedSopInstanceUid!,
    };
    if (this.phase === 'open')
      this.stream.write(commandPdu(storing.contextId, response(commandField.cStoreRsp, operation, status)));
    this.goOn();
  }

  private abort(ending: AssociationSummary['ending'], what: string): void {
    if (this.phase === 'closed') return;
    this.stream.write(abortPdu(2, 0));
    this.finish(ending, `${what}; the association was aborted`);
  }

  private finish(ending: AssociationSummary['ending'], what: string): void {
    this.phase = 'closed';
    this.stream.close();
    this.ended = { ending, what };
    if (!this.working) {
      this.dropUnfinished();
      this.tell(this.ended);
    }
  }

  private dropUnfinished(): void {
    const { storing } = this;
    if (storing === undefined || storing.report !== undefined) return;
    storing.sink?.discard();
    this.tally.dropped(storing.command);
  }

  private tell({ ending, what }: NonNullable<Connection['ended']>): void {
    this.ended = undefined;
    const { requestor, isStranger, negotiation } = this;
    const { stored, refused, missing } = this.tally;
    const { remoteAddress } = this.stream;
    this.port.associationClosed({
      ...{ id: this.id, ending, refused, missing },
      text: `${callerName(requestor, remoteAddress)} ${what}${counted({ stored, refused })}`,
      callingAeTitle: requestor?.callingAeTitle ?? '',
      ...{ remoteAddress, isStranger, negotiation },
    });
  }
}
