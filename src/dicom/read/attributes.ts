import { convertBytes } from 'dicom-character-set';
import type { DataSet, Element } from 'dicom-parser';
import { dictionaryEntry } from '../dictionary.ts';

/** A data element as it was sent: tag as eight hexadecimal digits, VR, value bytes. */
export interface RawElement {
  readonly tag: string;
  readonly vr: string;
  readonly bytes: Uint8Array;
}

/** Read access to a data set by keyword (PS3.6). What is absent or empty is `undefined` or an empty list, never an error. */
export interface Attributes {
  /** The first value, decoded by the Specific Character Set, without padding. */
  text(keyword: string): string | undefined;
  texts(keyword: string): readonly string[];
  number(keyword: string): number | undefined;
  numbers(keyword: string): readonly number[];
  /** Items of a sequence. */
  items(keyword: string): readonly Attributes[];
  raw(keyword: string): RawElement | undefined;
  has(keyword: string): boolean;
}

/** Wraps a parsed data set. `inherited` is the Specific Character Set of the data set around a sequence item (PS3.3 C.12.1.1.2). */
export function attributesOf(dataSet: DataSet, inherited = ''): Attributes {
  const characterSet = bytesText(dataSet, dataSet.elements['x00080005']) || inherited;
  const find = (keyword: string): Found | undefined => {
    const entry = dictionaryEntry(keyword);
    const element = dataSet.elements[`x${entry.tag.toLowerCase()}`];
    if (element === undefined) return undefined;
    return { element, vr: element.vr ?? entry.vr, tag: entry.tag };
  };
  const texts = (keyword: string): readonly string[] => {
    const found = find(keyword);
    return found === undefined ? [] : textsOf(dataSet, found, characterSet);
  };
  const numbers = (keyword: string): readonly number[] => {
    const found = find(keyword);
    return found === undefined ? [] : numbersOf(dataSet, found);
  };
  return {
    texts,
    numbers,
    text: (keyword) => texts(keyword)[0],
    number: (keyword) => numbers(keyword)[0],
    items: (keyword) =>
      (find(keyword)?.element.items ?? []).flatMap((item) =>
        item.dataSet ? [attributesOf(item.dataSet, characterSet)] : [],
      ),
    raw: (keyword) => {
      const found = find(keyword);
      if (found === undefined || found.element.items !== undefined || found.element.length <= 0)
        return undefined;
      return { tag: found.tag, vr: found.vr, bytes: bytesOf(dataSet, found.element) };
    },
    has: (keyword) => (find(keyword)?.element.length ?? 0) !== 0,
  };
}

/** An element with the VR and tag it is read by. */
export interface Found {
  readonly element: Element;
  readonly vr: string;
  readonly tag: string;
}

const textVrs: ReadonlySet<string> = new Set(['SH', 'LO', 'ST', 'LT', 'UT', 'UC', 'PN']);
const singleValued: ReadonlySet<string> = new Set(['ST', 'LT', 'UT', 'UR']);

export function textsOf(dataSet: DataSet, { element, vr }: Found, characterSet: string): readonly string[] {
  if (element.items !== undefined || element.length <= 0) return [];
  const whole = textVrs.has(vr)
    ? decode(bytesOf(dataSet, element), vr, characterSet)
    : bytesText(dataSet, element);
  const values = singleValued.has(vr) ? [whole] : whole.split('\\');
  const trimmed = values.map((value) => value.replace(/[\0 ]+$/, '').replace(/^ +/, ''));
  return trimmed.every((value) => value === '') ? [] : trimmed;
}

function decode(bytes: Uint8Array, vr: string, characterSet: string): string {
  try {
    return convertBytes(characterSet || 'ISO_IR 6', bytes, { vr });
  } catch {
    // A character set this Node cannot decode: the readable part of ASCII is better than nothing.
    return latin1(bytes);
  }
}

export function numbersOf(dataSet: DataSet, { element, vr, tag }: Found): readonly number[] {
  const reader = binaryReaders[vr === 'xs' || vr === 'ox' ? ambiguous(dataSet) : vr];
  if (reader !== undefined) {
    const count = Math.floor(element.length / reader.bytes);
    return Array.from({ length: count }, (_, index) =>
      reader.read(dataSet, `x${tag.toLowerCase()}`, index),
    ).filter(isNumber);
  }
  return textsOf(dataSet, { element, vr, tag }, '')
    .filter((value) => value.trim() !== '')
    .map(Number)
    .filter(Number.isFinite);
}

/** US or SS by Pixel Representation (PS3.5 A.1, PS3.6 "US or SS"). */
function ambiguous(dataSet: DataSet): 'US' | 'SS' {
  return dataSet.uint16('x00280103') === 1 ? 'SS' : 'US';
}

interface BinaryReader {
  readonly bytes: number;
  readonly read: (dataSet: DataSet, tag: string, index: number) => number | undefined;
}

const binaryReaders: Readonly<Record<string, BinaryReader>> = {
  US: { bytes: 2, read: (dataSet, tag, index) => dataSet.uint16(tag, index) },
  SS: { bytes: 2, read: (dataSet, tag, index) => dataSet.int16(tag, index) },
  UL: { bytes: 4, read: (dataSet, tag, index) => dataSet.uint32(tag, index) },
  SL: { bytes: 4, read: (dataSet, tag, index) => dataSet.int32(tag, index) },
  FL: { bytes: 4, read: (dataSet, tag, index) => dataSet.float(tag, index) },
  FD: { bytes: 8, read: (dataSet, tag, index) => dataSet.double(tag, index) },
};

export function bytesOf(dataSet: DataSet, element: Element): Uint8Array {
  return dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
}

export function bytesText(dataSet: DataSet, element: Element | undefined): string {
  return element === undefined || element.length <= 0 ? '' : latin1(bytesOf(dataSet, element));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .replace(/[\0 ]+$/, '');
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
