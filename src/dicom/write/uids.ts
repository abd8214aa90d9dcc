import { createHash } from 'node:crypto';

/** A UID that follows from its parts and nothing else: 2.25 and 128 bits of their SHA-256 (PS3.5 B.2), at most 44 characters. */
export function derivedUid(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\0')).digest('hex');
  return `2.25.${BigInt(`0x${digest.slice(0, 32)}`).toString()}`;
}

/** A UUID as a UID (PS3.5 B.2). */
export function uuidUid(uuid: string): string {
  return `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`).toString()}`;
}
