import { implementation } from '../dicom/index.ts';
import { pduType } from './pdu-reader.ts';

const applicationContext = '1.2.840.10008.3.1.1.1';

/** A presentation context we propose; ids are odd, 1 to 255 (PS3.8 9.3.2.2). */
export interface ProposedContext {
  readonly id: number;
  readonly abstractSyntaxUid: string;
  readonly transferSyntaxUid: string;
}

/** A-ASSOCIATE-RQ (PS3.8 9.3.2): one transfer syntax a context, so that the peer cannot choose one we would have to convert to. */
export function associateRequest(
  titles: { readonly called: string; readonly calling: string },
  contexts: readonly ProposedContext[],
  maxPduLengthBytes: number,
): Buffer {
  const maxLength = Buffer.alloc(4);
  maxLength.writeUInt32BE(maxPduLengthBytes);
  const userInformation = item(0x50, [
    item(0x51, [maxLength]),
    item(0x52, [Buffer.from(implementation.classUid)]),
    item(0x55, [Buffer.from(implementation.versionName)]),
  ]);
  const body = Buffer.concat([
    Buffer.from([0, 1, 0, 0]),
    Buffer.from(titles.called.padEnd(16)),
    Buffer.from(titles.calling.padEnd(16)),
    Buffer.alloc(32),
    item(0x10, [Buffer.from(applicationContext)]),
    ...contexts.map((context) =>
      item(0x20, [
        Buffer.from([context.id, 0, 0, 0]),
        item(0x30, [Buffer.from(context.abstractSyntaxUid)]),
        item(0x40, [Buffer.from(context.transferSyntaxUid)]),
      ]),
    ),
    userInformation,
  ]);
  const header = Buffer.alloc(6);
  header[0] = pduType.associateRq;
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/** What an A-ASSOCIATE-AC grants: result by context id, and the longest P-DATA-TF the peer takes (PS3.8 9.3.3). */
export interface Grant {
  readonly results: ReadonlyMap<number, number>;
  readonly maxPduLengthBytes: number;
}

const unlimitedBytes = 1 << 20;
/** A peer that announces less than this is taken at this: 6 bytes would leave no room for data. */
const leastPduBytes = 1024;

/** Parses an A-ASSOCIATE-AC; undefined where its lengths do not add up. */
export function parseGrant(pdu: Buffer): Grant | undefined {
  const results = new Map<number, number>();
  let announced = 16_384;
  for (const { type, value } of items(pdu, 74) ?? []) {
    if (type === 0x21 && value.length >= 4) results.set(value[0]!, value[2]!);
    if (type !== 0x50) continue;
    const length = items(value, 0)?.find((inner) => inner.type === 0x51)?.value;
    if (length?.length === 4) announced = length.readUInt32BE(0);
  }
  if (items(pdu, 74) === undefined) return undefined;
  return {
    results,
    maxPduLengthBytes: Math.max(
      leastPduBytes,
      announced === 0 ? unlimitedBytes : Math.min(announced, unlimitedBytes),
    ),
  };
}

/** An A-ASSOCIATE-RJ in words (PS3.8 Table 9-21). */
export function rejectionText(pdu: Buffer): string {
  const [result, source, reason] = [pdu[7]!, pdu[8]!, pdu[9]!];
  const why = rejectionReasons[`${source}.${reason}`] ?? `source ${source}, reason ${reason}`;
  return `${result === 2 ? 'for now' : 'for good'}: ${why}`;
}

/** Why the peer refused a presentation context (PS3.8 Table 9-18). */
export function contextResultText(result: number | undefined): string {
  return (
    [
      'accepted',
      'refused by the peer',
      'refused without a reason',
      'SOP class not supported',
      'transfer syntax not supported',
    ][result ?? 2] ?? `result ${result}`
  );
}

const rejectionReasons: Readonly<Record<string, string>> = {
  '1.1': 'no reason given',
  '1.2': 'application context not supported',
  '1.3': 'it does not know our AE title; add it in the peer',
  '1.7': 'it is not called by the AE title we used; check the AE title of the destination',
  '2.1': 'no reason given',
  '2.2': 'protocol version not supported',
  '3.1': 'temporary congestion',
  '3.2': 'its limit of associations is reached',
};

interface Item {
  readonly type: number;
  readonly value: Buffer;
}

function items(bytes: Buffer, from: number): readonly Item[] | undefined {
  const found: Item[] = [];
  let at = from;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    found.push({ type: bytes[at]!, value: bytes.subarray(at + 4, end) });
    at = end;
  }
  return found;
}

function item(type: number, parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}
