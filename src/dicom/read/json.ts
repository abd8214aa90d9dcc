import { hexWord } from '../hex.ts';
import type { DataSet, Element } from 'dicom-parser';
import { tagEntry } from '../dictionary.ts';
import { bytesOf, bytesText, numbersOf, textsOf } from './attributes.ts';
import type { Instance } from './instance.ts';

/** One attribute of the DICOM JSON Model (PS3.18 F.2.2). */
export interface JsonAttribute {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

/** A data set of the DICOM JSON Model, by tag of eight upper-case hexadecimal digits. */
export type JsonDataset = Readonly<Record<string, JsonAttribute>>;

/** Longer binary values at the top level are left to their own address. */
const longestInlineBytes = 4096;

/** The data set as DICOM JSON; `bulkDataUri` names where a long binary value, Pixel Data above all, is had. */
export function readHeaderJson(instance: Instance, bulkDataUri: (tag: string) => string): JsonDataset {
  return toJson(instance.dataSet, '', bulkDataUri);
}

type BulkDataUri = ((tag: string) => string) | null;

function toJson(dataSet: DataSet, inherited: string, bulkDataUri: BulkDataUri): JsonDataset {
  const characterSet = bytesText(dataSet, dataSet.elements['x00080005']) || inherited;
  const entries = Object.entries(dataSet.elements)
    .map(([key, element]) => [key.slice(1).toUpperCase(), element] as const)
    .filter(([tag]) => !tag.startsWith('0002') && !tag.endsWith('0000') && !tag.startsWith('FFFE'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([tag, element]) => [tag, attribute(dataSet, { tag, element, characterSet, bulkDataUri })]),
  );
}

interface Place {
  readonly tag: string;
  readonly element: Element;
  readonly characterSet: string;
  readonly bulkDataUri: BulkDataUri;
}

function attribute(dataSet: DataSet, place: Place): JsonAttribute {
  const { tag, element, characterSet, bulkDataUri } = place;
  const vr = vrOf(dataSet, tag, element);
  if (element.items !== undefined && vr === 'SQ') {
    const items = element.items.map((item) => (item.dataSet ? toJson(item.dataSet, characterSet, null) : {}));
    return { vr, Value: items };
  }
  const bulky = tag === '7FE00010' || (binaryVrs.has(vr) && element.length > longestInlineBytes);
  if (bulky && bulkDataUri !== null) return { vr, BulkDataURI: bulkDataUri(tag) };
  if (element.length <= 0 || element.items !== undefined) return { vr };
  if (binaryVrs.has(vr)) return { vr, InlineBinary: base64(bytesOf(dataSet, element)) };
  const values = valuesOf(dataSet, { vr, tag, element, characterSet });
  return values.length === 0 ? { vr } : { vr, Value: values };
}

const binaryVrs: ReadonlySet<string> = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'UN', 'SV', 'UV']);
const numberVrs: ReadonlySet<string> = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD', 'IS', 'DS']);

/** As sent, else as the dictionary says; what PS3.6 leaves open is decided as in `Attributes`. */
function vrOf(dataSet: DataSet, tag: string, element: Element): string {
  if (element.items !== undefined && tag !== '7FE00010') return 'SQ';
  const vr = element.vr ?? tagEntry(tag)?.vr ?? 'UN';
  if (vr === 'xs') return dataSet.uint16('x00280103') === 1 ? 'SS' : 'US';
  return vr === 'ox' ? 'OW' : vr;
}

function valuesOf(
  dataSet: DataSet,
  { vr, tag, element, characterSet }: { vr: string; tag: string; element: Element; characterSet: string },
): readonly unknown[] {
  if (vr === 'AT') return attributeTags(bytesOf(dataSet, element));
  if (numberVrs.has(vr)) return numbersOf(dataSet, { element, vr, tag });
  const texts = textsOf(dataSet, { element, vr, tag }, characterSet);
  if (vr === 'PN') return texts.map(personName);
  return texts.map((text) => (text === '' ? null : text));
}

/** Attribute Tag values: group and element as 16-bit words. */
function attributeTags(bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): string => hexWord(view.getUint16(at, true));
  return Array.from(
    { length: Math.floor(bytes.length / 4) },
    (_, index) => word(index * 4) + word(index * 4 + 2),
  );
}

/** Up to three component groups (PS3.5 6.2.1.1). */
function personName(text: string): Readonly<Record<string, string>> | null {
  const names = ['Alphabetic', 'Ideographic', 'Phonetic'] as const;
  const parts = text
    .split('=')
    .slice(0, 3)
    .map((part, index) => [names[index]!, part] as const);
  const present = parts.filter(([, part]) => part !== '');
  return present.length === 0 ? null : Object.fromEntries(present);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
