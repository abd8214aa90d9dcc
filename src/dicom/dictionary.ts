import { createRequire } from 'node:module';
import { WillisError } from '../errors.ts';

/** The build that dcmjs-dimse loads too: the other one would hold a second dictionary of 16 MB. */
const dcmjs = createRequire(import.meta.url)('dcmjs') as typeof import('dcmjs').default;

export interface DictionaryEntry {
  /** Eight hexadecimal digits, upper case. */
  readonly tag: string;
  /** As in PS3.6; "xs" and "ox" where the standard leaves a choice. */
  readonly vr: string;
}

const entries = new Map<string, DictionaryEntry>();

/** Tag and VR of a keyword (PS3.6). Throws KEYWORD_UNKNOWN: a spelling mistake in our own code. */
export function dictionaryEntry(keyword: string): DictionaryEntry {
  const known = entries.get(keyword);
  if (known !== undefined) return known;
  const found = dcmjs.data.DicomMetaDictionary.nameMap[keyword];
  if (found === undefined)
    throw new WillisError('KEYWORD_UNKNOWN', `"${keyword}" is no keyword of the DICOM dictionary.`);
  const entry = { tag: found.tag.replace(/[(),]/g, '').toUpperCase(), vr: found.vr };
  entries.set(keyword, entry);
  return entry;
}

/** VR and keyword of a tag of eight hexadecimal digits, where PS3.6 names it. */
export function tagEntry(tag: string): { readonly vr: string; readonly keyword: string } | undefined {
  const found =
    dcmjs.data.DicomMetaDictionary.dictionary[`(${tag.slice(0, 4)},${tag.slice(4)})`.toUpperCase()];
  return found === undefined ? undefined : { vr: found.vr, keyword: found.name };
}

/** The keyword of a tag of eight hexadecimal digits. */
export function keywordOf(tag: string): string | undefined {
  return tagEntry(tag)?.keyword;
}
