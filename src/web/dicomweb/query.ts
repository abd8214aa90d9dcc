import { dictionaryEntry, keywordOf } from '../../dicom/index.ts';
import { WillisError } from '../../errors.ts';

/** A parsed search: keyword to wanted value, extra attributes, and the page (PS3.18 8.3.4). */
export interface Query {
  readonly matches: ReadonlyMap<string, string>;
  readonly fields: readonly string[];
  readonly limit: number;
  readonly offset: number;
}

const most = 1000;
const ordinary = 200;

/** Reads query parameters; throws REQUEST_INVALID for an attribute the dictionary does not know. */
export function readQuery(parameters: Readonly<Record<string, string | readonly string[]>>): Query {
  const matches = new Map<string, string>();
  for (const [name, value] of Object.entries(parameters)) {
    if (['limit', 'offset', 'includefield', 'fuzzymatching'].includes(name)) continue;
    const text = typeof value === 'string' ? value : value.join('\\');
    if (text !== '') matches.set(knownKeyword(name), text);
  }
  const asked = [parameters['includefield'] ?? []].flat().flatMap((one) => one.split(','));
  const fields = asked.filter((one) => one !== 'all' && one !== '').map(knownKeyword);
  return {
    matches,
    fields,
    limit: Math.min(whole(parameters['limit'], ordinary), most),
    offset: whole(parameters['offset'], 0),
  };
}

/** Single value or wildcard matching (PS3.4 C.2.2.2.1, C.2.2.2.4); letters match in either case. */
export function matching(wanted: string, value: string): boolean {
  const pattern = wanted
    .split(/[,\\]/)
    .map((one) =>
      one
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.'),
    )
    .join('|');
  return new RegExp(`^(?:${pattern})$`, 'i').test(value);
}

function knownKeyword(name: string): string {
  const keyword = /^[0-9A-Fa-f]{8}$/.test(name) ? keywordOf(name) : name;
  try {
    dictionaryEntry(keyword ?? name);
    return keyword ?? name;
  } catch (cause) {
    throw new WillisError('REQUEST_INVALID', `"${name}" is no attribute of the DICOM dictionary.`, { cause });
  }
}

function whole(value: string | readonly string[] | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = Number([value].flat()[0]);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new WillisError('REQUEST_INVALID', 'limit and offset are whole numbers from 0 on.');
}
