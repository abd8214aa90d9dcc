/** Command Field values (PS3.7 E.1). */
export const commandField = {
  cStoreRq: 0x0001,
  cStoreRsp: 0x8001,
  cEchoRq: 0x0030,
  cEchoRsp: 0x8030,
  cFindRq: 0x0020,
  cFindRsp: 0x8020,
  cMoveRq: 0x0021,
  cMoveRsp: 0x8021,
  nEventReportRq: 0x0100,
  nEventReportRsp: 0x8100,
  nActionRq: 0x0130,
  nActionRsp: 0x8130,
  nCreateRq: 0x0140,
  nCreateRsp: 0x8140,
} as const;

/** Command Data Set Type: anything but this says that a data set follows. */
const noDataset = 0x0101;

/** The elements of a command set that we use; absent ones are undefined (PS3.7 E). */
export interface Command {
  readonly field: number | undefined;
  readonly messageId: number | undefined;
  readonly messageIdBeingRespondedTo: number | undefined;
  readonly affectedSopClassUid: string | undefined;
  readonly affectedSopInstanceUid: string | undefined;
  readonly status: number | undefined;
  readonly errorComment: string | undefined;
  readonly eventTypeId: number | undefined;
  /** Who asked for the C-MOVE that this C-STORE is part of (PS3.7 9.1.1.1). */
  readonly moveOriginatorAeTitle: string | undefined;
  readonly failedSuboperations: number | undefined;
  readonly hasDataset: boolean;
}

/** Parses a command set, Implicit VR Little Endian, group 0000 (PS3.7 6.3.1); undefined where the bytes are none. */
export function parseCommand(bytes: Buffer): Command | undefined {
  const elements = new Map<number, Buffer>();
  let at = 0;
  while (at + 8 <= bytes.length) {
    const group = bytes.readUInt16LE(at);
    const element = bytes.readUInt16LE(at + 2);
    const length = bytes.readUInt32LE(at + 4);
    if (group !== 0 || length > bytes.length - at - 8) return undefined;
    elements.set(element, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (at !== bytes.length) return undefined;
  const number = (element: number): number | undefined => {
    const value = elements.get(element);
    return value?.length === 2 ? value.readUInt16LE(0) : undefined;
  };
  const text = (element: number): string | undefined =>
    elements
      .get(element)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '');
  return {
    field: number(0x0100),
    messageId: number(0x0110),
    messageIdBeingRespondedTo: number(0x0120),
    affectedSopClassUid: text(0x0002),
    affectedSopInstanceUid: text(0x1000),
    status: number(0x0900),
    errorComment: text(0x0902),
    eventTypeId: number(0x1002),
    moveOriginatorAeTitle: text(0x1030)?.trim(),
    failedSuboperations: number(0x1022),
    hasDataset: number(0x0800) !== noDataset,
  };
}

interface Operation {
  readonly messageId: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid?: string;
  readonly eventTypeId?: number;
}

type Instance = Required<Omit<Operation, 'eventTypeId'>>;

/** C-STORE-RSP, C-ECHO-RSP or N-EVENT-REPORT-RSP (PS3.7 9.3.1.2, 9.3.5.2, 10.3.1.2). */
export function response(field: number, operation: Operation, status: number): Buffer {
  return commandSet([
    uid(0x0002, operation.sopClassUid),
    us(0x0100, field),
    us(0x0120, operation.messageId),
    us(0x0800, noDataset),
    us(0x0900, status),
    ...(operation.sopInstanceUid === undefined ? [] : [uid(0x1000, operation.sopInstanceUid)]),
    ...(operation.eventTypeId === undefined ? [] : [us(0x1002, operation.eventTypeId)]),
  ]);
}

/** C-STORE-RQ, medium priority (PS3.7 9.3.1.1). */
export function storeRequest(operation: Instance): Buffer {
  return commandSet([
    uid(0x0002, operation.sopClassUid),
    us(0x0100, commandField.cStoreRq),
    us(0x0110, operation.messageId),
    us(0x0700, 0),
    us(0x0800, 1),
    uid(0x1000, operation.sopInstanceUid),
  ]);
}

/** C-ECHO-RQ (PS3.7 9.3.5.1). */
export function echoRequest(messageId: number): Buffer {
  return commandSet([
    uid(0x0002, '1.2.840.10008.1.1'),
    us(0x0100, commandField.cEchoRq),
    us(0x0110, messageId),
    us(0x0800, noDataset),
  ]);
}

/** N-ACTION-RQ with a data set (PS3.7 10.3.4.1). */
export function actionRequest(operation: Instance, actionTypeId: number): Buffer {
  return commandSet([
    uid(0x0003, operation.sopClassUid),
    us(0x0100, commandField.nActionRq),
    us(0x0110, operation.messageId),
    us(0x0800, 1),
    uid(0x1001, operation.sopInstanceUid),
    us(0x1008, actionTypeId),
  ]);
}

/** N-CREATE-RQ with a data set (PS3.7 10.3.5.1). */
export function createRequest(operation: Instance): Buffer {
  return commandSet([
    uid(0x0002, operation.sopClassUid),
    us(0x0100, commandField.nCreateRq),
    us(0x0110, operation.messageId),
    us(0x0800, 1),
    uid(0x1000, operation.sopInstanceUid),
  ]);
}

/** C-FIND-RQ, or C-MOVE-RQ where a destination is named (PS3.7 9.3.2.1, 9.3.4.1). */
export function queryRequest(operation: Operation, moveDestination?: string): Buffer {
  const destination =
    moveDestination === undefined
      ? []
      : [element(0x0600, Buffer.from(moveDestination.padEnd(2 * Math.ceil(moveDestination.length / 2))))];
  return commandSet([
    uid(0x0002, operation.sopClassUid),
    us(0x0100, moveDestination === undefined ? commandField.cFindRq : commandField.cMoveRq),
    us(0x0110, operation.messageId),
    ...destination,
    us(0x0700, 0),
    us(0x0800, 1),
  ]);
}

function commandSet(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([element(0x0000, length), body]);
}

function us(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(tag, bytes);
}

function uid(tag: number, value: string): Buffer {
  return element(tag, Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1'));
}

function element(tag: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(tag, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}
