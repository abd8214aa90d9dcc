import { WillisError } from '../errors.ts';

/** Stands for a secret in every answer; sent back, it means "as it was". */
export const hidden = '(hidden)';

const secretKeys: ReadonlySet<string> = new Set(['bearerToken', 'password', 'clientSecret', 'webhookUrl']);
/** Objects whose values may be secrets, whatever their keys. */
const secretMaps: ReadonlySet<string> = new Set(['headers']);
/** Where a secret goes to: with another place, the old secret must be typed again, or it could be sent to anybody. */
const addressKeys = ['url', 'host', 'port', 'issuer', 'tls', 'secure'] as const;

type Fields = Readonly<Record<string, unknown>>;

/** A part of the configuration as anybody may see it: each secret is replaced by the marker. */
export function withoutSecrets<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutSecrets) as T;
  if (!isFields(value)) return value;
  const shown = Object.entries(value).map(([key, inner]) => [key, shownAt(key, inner)] as const);
  return Object.fromEntries(shown) as T;
}

/** Puts the stored secrets back where `wanted` holds the marker. Throws CONFIG_INVALID where there is none, or its address changed. */
export function withSecrets(wanted: unknown, stored: unknown, isMoved = false): unknown {
  if (Array.isArray(wanted))
    return wanted.map((item, index) => withSecrets(item, twinOf(item, index, stored), isMoved));
  if (!isFields(wanted)) return wanted;
  const before = isFields(stored) ? stored : {};
  const moved = isMoved || addressKeys.some((key) => !isSame(wanted[key], before[key]));
  const kept = Object.entries(wanted).map(([key, inner]) => {
    if (secretKeys.has(key)) return [key, secretOf(inner, before[key], moved)] as const;
    if (secretMaps.has(key)) return [key, mapOf(inner, before[key], moved)] as const;
    return [key, withSecrets(inner, before[key], moved)] as const;
  });
  return Object.fromEntries(kept);
}

function shownAt(key: string, inner: unknown): unknown {
  if (secretKeys.has(key)) return hidden;
  if (secretMaps.has(key) && isFields(inner))
    return Object.fromEntries(Object.keys(inner).map((name) => [name, hidden]));
  return withoutSecrets(inner);
}

function mapOf(wanted: unknown, stored: unknown, isMoved: boolean): unknown {
  if (!isFields(wanted)) return wanted;
  const before = isFields(stored) ? stored : {};
  const kept = Object.entries(wanted).map(([name, inner]) => [name, secretOf(inner, before[name], isMoved)]);
  return Object.fromEntries(kept) as unknown;
}

function secretOf(wanted: unknown, stored: unknown, isMoved: boolean): unknown {
  if (wanted !== hidden) return wanted;
  if (typeof stored === 'string' && !isMoved) return stored;
  throw new WillisError(
    'CONFIG_INVALID',
    `A password, token or header says "${hidden}", but ${typeof stored === 'string' ? 'the address it goes to changed' : 'none is stored'}: type it again.`,
  );
}

/** Items of a list are the same by their name, where they have one. */
function twinOf(item: unknown, index: number, stored: unknown): unknown {
  if (!Array.isArray(stored)) return undefined;
  if (!isFields(item) || item['name'] === undefined) return stored[index];
  return stored.find((one) => isFields(one) && one['name'] === item['name']) as unknown;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
