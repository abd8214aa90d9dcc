/** What the form of a destination holds: text and switches; what it does not know stays as it was written. */
export interface DestinationValues {
  readonly name: string;
  readonly type: 'dicom' | 'stow-rs';
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly bearerToken: string;
  readonly user: string;
  readonly password: string;
  /** A line each, "Name: value". */
  readonly headers: string;
  readonly results: readonly string[];
  readonly compression: string;
  readonly commitment: boolean;
  readonly tls: { readonly on: boolean; readonly ca: string; readonly cert: string; readonly key: string };
  readonly hl7: { readonly host: string; readonly port: number; readonly receivingApplication: string };
  readonly availability: { readonly aeTitle: string; readonly host: string; readonly port: number };
}

type Written = Readonly<Record<string, unknown>>;

/** The form's values from what the configuration says; null is a new destination. */
export function valuesOf(written: Written | null): DestinationValues {
  const part = written ?? {};
  const [tls, hl7, availability, basic] = ['tls', 'hl7', 'instanceAvailability', 'basic'].map((key) =>
    fieldsOf(part[key]),
  ) as [Written, Written, Written, Written];
  return {
    name: textOf(part['name']),
    type: part['type'] === 'stow-rs' ? 'stow-rs' : 'dicom',
    ...peerOf(part, 104),
    url: textOf(part['url']),
    bearerToken: textOf(part['bearerToken']),
    user: textOf(basic['user']),
    password: textOf(basic['password']),
    headers: Object.entries(fieldsOf(part['headers']))
      .map(([name, value]) => `${name}: ${textOf(value)}`)
      .join('\n'),
    results: Array.isArray(part['results']) ? part['results'].map(textOf) : ['summary', 'heatmap', 'sr'],
    compression: textOf(part['compression']) || 'none',
    commitment: part['commitment'] === true,
    tls: {
      on: part['tls'] !== undefined,
      ca: textOf(tls['ca']),
      cert: textOf(tls['cert']),
      key: textOf(tls['key']),
    },
    hl7: {
      host: textOf(hl7['host']),
      port: Number(hl7['port'] ?? 2575),
      receivingApplication: textOf(hl7['receivingApplication']),
    },
    availability: peerOf(availability, 104),
  };
}

const managed: ReadonlySet<string> = new Set([
  ...['name', 'type', 'aeTitle', 'host', 'port', 'url', 'bearerToken', 'basic', 'headers', 'results'],
  ...['compression', 'commitment', 'tls', 'hl7', 'instanceAvailability'],
]);
const dicomOnly: ReadonlySet<string> = new Set(['commitmentTimeoutSeconds']);

/** What goes into the configuration; keys that the form does not show are kept from `before`. */
export function writtenOf(values: DestinationValues, before: Written | null): Written {
  const isWeb = values.type === 'stow-rs';
  const kept = Object.entries(before ?? {}).filter(
    ([key]) => !managed.has(key) && !(isWeb && dicomOnly.has(key)),
  );
  const { name, results, compression } = values;
  return {
    ...Object.fromEntries(kept),
    name,
    ...(isWeb ? webPart(values) : dicomPart(values, before)),
    results: [...results],
    ...(compression === 'none' ? {} : { compression }),
    ...(values.tls.on ? { tls: tlsPart(values, before) } : {}),
    ...(values.hl7.host === '' ? {} : { hl7: { ...fieldsOf(before?.['hl7']), ...named(values.hl7) } }),
  };
}

function dicomPart(values: DestinationValues, before: Written | null): Written {
  const { aeTitle, host, port, commitment, availability } = values;
  const told = { ...fieldsOf(before?.['instanceAvailability']), ...availability };
  return {
    ...{ aeTitle, host, port },
    ...(commitment ? { commitment } : {}),
    ...(availability.host === '' ? {} : { instanceAvailability: told }),
  };
}

function webPart(values: DestinationValues): Written {
  const { url, bearerToken, user, password, headers } = values;
  const lines = headers.split('\n').filter((line) => line.includes(':'));
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(':')).trim(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return {
    type: 'stow-rs',
    url,
    ...(bearerToken === '' ? {} : { bearerToken }),
    ...(user === '' ? {} : { basic: { user, password } }),
    ...(pairs.length === 0 ? {} : { headers: Object.fromEntries(pairs) as Written }),
  };
}

function tlsPart({ tls }: DestinationValues, before: Written | null): Written {
  const { ca: _ca, cert: _cert, key: _key, ...rest } = fieldsOf(before?.['tls']);
  return { ...rest, ...named({ ca: tls.ca, cert: tls.cert, key: tls.key }) };
}

/** Without what was left empty. */
function named(fields: object): Written {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function peerOf(part: Written, port: number): { aeTitle: string; host: string; port: number } {
  return {
    aeTitle: textOf(part['aeTitle']),
    host: textOf(part['host']),
    port: Number(part['port'] ?? port),
  };
}

function fieldsOf(value: unknown): Written {
  return typeof value === 'object' && value !== null ? (value as Written) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
