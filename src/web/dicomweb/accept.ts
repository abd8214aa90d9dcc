import { WillisError } from '../../errors.ts';

/** One media range of an Accept header (RFC 9110 12.5.1), with the parameters DICOM adds (PS3.18 8.7.3). */
export interface MediaRange {
  /** Of a multipart, the type of its parts. */
  readonly type: string;
  readonly isMultipart: boolean;
  readonly transferSyntax: string | null;
  readonly quality: number;
}

/** The first range that one of `types` fits; throws NOT_ACCEPTABLE. */
export function chooseMedia(header: string | undefined, types: readonly string[]): MediaRange {
  for (const range of acceptedMedia(header)) {
    const type = types.find((one) => fits(range.type, one));
    if (type !== undefined) return { ...range, type };
  }
  throw new WillisError('NOT_ACCEPTABLE', `This can be had as ${types.join(' or ')} only.`);
}

/** What the client takes, best first; anything where it does not say. */
function acceptedMedia(header: string | undefined): readonly MediaRange[] {
  const ranges = splitOutsideQuotes(header ?? '*/*', ',').map((one) => {
    const [type = '*/*', ...rest] = splitOutsideQuotes(one, ';');
    const parameters = new Map(rest.map(parameterOf));
    const isMultipart = type.toLowerCase() === 'multipart/related';
    return {
      type: isMultipart ? (parameters.get('type') ?? '*/*').toLowerCase() : type.toLowerCase(),
      isMultipart,
      transferSyntax: parameters.get('transfer-syntax') ?? null,
      quality: Number(parameters.get('q') ?? 1),
    };
  });
  return ranges.sort((a, b) => b.quality - a.quality);
}

function fits(range: string, type: string): boolean {
  if (range === '*/*' || range === type) return true;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1));
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const pattern = separator === ',' ? /(?:"[^"]*"|[^,"])+/g : /(?:"[^"]*"|[^;"])+/g;
  return (text.slice(0, 4096).match(pattern) ?? []).map((one) => one.trim());
}

function parameterOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const value = text.slice(at + 1).trim();
  return [text.slice(0, at).trim().toLowerCase(), value.replace(/^"|"$/g, '')];
}
