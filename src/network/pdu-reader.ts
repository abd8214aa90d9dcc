/** PDU types (PS3.8 9.3.1). */
export const pduType = {
  associateRq: 1,
  associateAc: 2,
  associateRj: 3,
  data: 4,
  releaseRq: 5,
  releaseRp: 6,
  abort: 7,
} as const;

/** What the reader tells as bytes arrive; a fragment's bytes come in pieces, so no PDU is ever held whole. */
export interface PduEvents {
  /** A whole PDU that is not P-DATA-TF, header included. */
  control(type: number, bytes: Buffer): void;
  /** A presentation data value begins (PS3.8 9.3.5.1 and Annex E). */
  valueStart(value: {
    readonly contextId: number;
    readonly isCommand: boolean;
    readonly isLast: boolean;
    readonly length: number;
  }): void;
  valueBytes(bytes: Buffer): void;
  /** The value has ended; true holds the reader back until `feed` is called again. */
  valueEnd(): boolean;
}

export interface PduLimits {
  /** Announced maximum length of a P-DATA-TF. */
  readonly dataBytes: number;
  readonly controlBytes: number;
}

/** What breaks PS3.8; the association is aborted. */
export class ProtocolFault extends Error {}

/** Cuts a byte stream into PDUs and presentation data values, checking every length before it is believed. No I/O. */
export class PduReader {
  private readonly events: PduEvents;
  private readonly limits: PduLimits;
  private readonly header = Buffer.alloc(12);
  private headerLength = 0;
  private control: Buffer | undefined;
  private controlLength = 0;
  private pduLeft = 0;
  private valueLeft = 0;
  private inValue = false;

  constructor(events: PduEvents, limits: PduLimits) {
    this.events = events;
    this.limits = limits;
  }

  /** True between two PDUs: nothing is half received. */
  get isIdle(): boolean {
    return this.headerLength === 0 && this.control === undefined && this.pduLeft === 0 && !this.inValue;
  }

  /** Takes bytes until they end or a value's end asks to wait; returns how many were taken. Throws ProtocolFault. */
  feed(chunk: Buffer): number {
    let at = 0;
    // an empty value (a closing fragment) ends without a further byte
    while (at < chunk.length || (this.inValue && this.valueLeft === 0)) {
      if (this.inValue) {
        at += this.takeValue(chunk, at);
        if (this.valueLeft > 0) continue;
        this.inValue = false;
        if (this.events.valueEnd()) return at;
      } else if (this.control !== undefined) at = this.takeControl(chunk, at);
      else if (this.pduLeft > 0) at = this.takeValueHeader(chunk, at);
      else at = this.takePduHeader(chunk, at);
    }
    return at;
  }

  private takePduHeader(chunk: Buffer, at: number): number {
    const next = this.collectHeader(chunk, at, 6);
    if (this.headerLength < 6) return next;
    this.headerLength = 0;
    const type = this.header[0]!;
    const length = this.header.readUInt32BE(2);
    if (type === pduType.data) {
      if (length > this.limits.dataBytes)
        throw new ProtocolFault(`a P-DATA-TF of ${length} bytes, announced were ${this.limits.dataBytes}`);
      this.pduLeft = length;
      return next;
    }
    if (type < 1 || type > 7) throw new ProtocolFault(`bytes that are no DICOM (PDU type ${type})`);
    if (length > this.limits.controlBytes)
      throw new ProtocolFault(`a PDU of type ${type} that claims ${length} bytes`);
    this.control = Buffer.alloc(6 + length);
    this.header.copy(this.control, 0, 0, 6);
    this.controlLength = 6;
    if (length === 0) this.endControl();
    return next;
  }

  private takeControl(chunk: Buffer, at: number): number {
    const control = this.control!;
    const count = Math.min(control.length - this.controlLength, chunk.length - at);
    chunk.copy(control, this.controlLength, at, at + count);
    this.controlLength += count;
    if (this.controlLength === control.length) this.endControl();
    return at + count;
  }

  private endControl(): void {
    const control = this.control!;
    this.control = undefined;
    this.events.control(control[0]!, control);
  }

  private takeValueHeader(chunk: Buffer, at: number): number {
    const next = this.collectHeader(chunk, at, 6);
    if (this.headerLength < 6) return next;
    this.headerLength = 0;
    const length = this.header.readUInt32BE(0);
    if (length < 2 || length + 4 > this.pduLeft)
      throw new ProtocolFault(`a presentation data value of ${length} bytes in ${this.pduLeft}`);
    this.pduLeft -= length + 4;
    if (this.pduLeft > 0 && this.pduLeft < 6)
      throw new ProtocolFault(`${this.pduLeft} stray bytes in a P-DATA-TF`);
    const flags = this.header[5]!;
    this.valueLeft = length - 2;
    this.inValue = true;
    this.events.valueStart({
      contextId: this.header[4]!,
      isCommand: (flags & 1) === 1,
      isLast: (flags & 2) === 2,
      length: this.valueLeft,
    });
    return next;
  }

  private takeValue(chunk: Buffer, at: number): number {
    const count = Math.min(this.valueLeft, chunk.length - at);
    if (count > 0) this.events.valueBytes(chunk.subarray(at, at + count));
    this.valueLeft -= count;
    return count;
  }

  private collectHeader(chunk: Buffer, at: number, size: number): number {
    const count = Math.min(size - this.headerLength, chunk.length - at);
    chunk.copy(this.header, this.headerLength, at, at + count);
    this.headerLength += count;
    return at + count;
  }
}
