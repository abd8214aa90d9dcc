import { WillisError } from '../../errors.ts';
import { dictionaryEntry } from '../dictionary.ts';
import type { RawElement } from '../read/attributes.ts';

/** A data set by keyword (PS3.6). Text of our own is ASCII; what comes from a source is a RawElement, in the source's character set. */
export interface Dataset {
  readonly [keyword: string]: DatasetValue;
}

export type DatasetValue =
  | string
  | number
  | readonly string[]
  | readonly number[]
  | Uint8Array
  | RawElement
  | readonly Dataset[]
  | undefined;

const longLength: ReadonlySet<string> = new Set([
  'OB',
  'OW',
  'OF',
  'OD',
  'OL',
  'OV',
  'SQ',
  'UC',
  'UN',
  'UR',
  'UT',
]);

/** Encodes in Explicit VR Little Endian (PS3.5 7.1.2, 7.5): elements by rising tag, undefined left out, "" an empty value. */
export function encodeDataset(dataset: Dataset): Buffer {
  const elements = Object.entries(dataset)
    .filter((entry): entry is [string, Exclude<DatasetValue, undefined>] => entry[1] !== undefined)
    .map(([keyword, value]) => toElement(keyword, value))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
  return Buffer.concat(
    elements.flatMap(({ tag, vr, bytes }) => [elementHeader(tag, vr, bytes.length), bytes]),
  );
}

function toElement(
  keyword: string,
  value: Exclude<DatasetValue, undefined>,
): { tag: string; vr: string; bytes: Uint8Array } {
  const entry = dictionaryEntry(keyword);
  if (isRaw(value)) return { tag: entry.tag, vr: concrete(value.vr), bytes: padded(value.bytes, value.vr) };
  if (entry.vr === 'SQ') return { tag: entry.tag, vr: 'SQ', bytes: encodeItems(value as readonly Dataset[]) };
  const vr = concrete(entry.vr);
  if (value instanceof Uint8Array) return { tag: entry.tag, vr, bytes: padded(value, vr) };
  const values = Array.isArray(value) ? (value as readonly (string | number)[]) : [value as string | number];
  const binary = binaryWriters[vr];
  if (binary !== undefined)
    return { tag: entry.tag, vr, bytes: Buffer.concat(values.map((one) => binary(Number(one)))) };
  const text = values.map((one) => (typeof one === 'number' ? decimal(one) : one)).join('\\');
  return { tag: entry.tag, vr, bytes: padded(Buffer.from(ascii(keyword, text), 'latin1'), vr) };
}

/** At most 16 characters (PS3.5 6.2, DS), as exact as they allow. */
export function decimal(value: number): string {
  if (!Number.isFinite(value)) throw new WillisError('VALUE_NOT_ENCODABLE', `${value} is no decimal string.`);
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits -= 1) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  return value.toExponential(8);
}

function encodeItems(items: readonly Dataset[]): Buffer {
  return Buffer.concat(
    items.flatMap((item) => {
      const bytes = encodeDataset(item);
      const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
      header.writeUInt32LE(bytes.length, 4);
      return [header, bytes];
    }),
  );
}

function elementHeader(tag: string, vr: string, length: number): Buffer {
  const header = Buffer.alloc(longLength.has(vr) ? 12 : 8);
  header.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(parseInt(tag.slice(4), 16), 2);
  header.write(vr, 4, 'latin1');
  if (longLength.has(vr)) header.writeUInt32LE(length, 8);
  else if (length < 65_536) header.writeUInt16LE(length, 6);
  else
    throw new WillisError(
      'VALUE_NOT_ENCODABLE',
      `A value of ${length} bytes does not fit an element of VR ${vr} (${tag}).`,
    );
  return header;
}

function padded(bytes: Uint8Array, vr: string): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  out[bytes.length] = vr === 'UI' || vr === 'OB' || vr === 'UN' ? 0 : 0x20;
  return out;
}

/** Where PS3.6 leaves a choice of VR we write unsigned words, and bytes for pixels. */
function concrete(vr: string): string {
  return vr === 'xs' ? 'US' : vr === 'ox' ? 'OB' : vr;
}

const binaryWriters: Readonly<Record<string, (value: number) => Buffer>> = {
  US: (value) => write(2, (bytes) => bytes.writeUInt16LE(value)),
  SS: (value) => write(2, (bytes) => bytes.writeInt16LE(value)),
  UL: (value) => write(4, (bytes) => bytes.writeUInt32LE(value)),
  SL: (value) => write(4, (bytes) => bytes.writeInt32LE(value)),
  /** A tag as one number, group before element (PS3.5 6.2). */
  AT: (value) =>
    write(4, (bytes) => {
      bytes.writeUInt16LE(value >>> 16);
      bytes.writeUInt16LE(value & 0xffff, 2);
    }),
  FL: (value) => write(4, (bytes) => bytes.writeFloatLE(value)),
  FD: (value) => write(8, (bytes) => bytes.writeDoubleLE(value)),
};

function write(size: number, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(size);
  fill(bytes);
  return bytes;
}

/** Anything beyond ASCII would be read in the source's character set, which need not be ours. */
function ascii(keyword: string, text: string): string {
  if (/^[\x09\x0A\x0C\x0D\x20-\x7E]*$/.test(text)) return text;
  throw new WillisError('VALUE_NOT_ENCODABLE', `The text for ${keyword} is not ASCII.`);
}

function isRaw(value: DatasetValue): value is RawElement {
  return typeof value === 'object' && !Array.isArray(value) && 'bytes' in value && 'vr' in value;
}
