import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A secret for a cookie or a token: 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Letters and digits that are not mixed up when read aloud or typed from a console. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** A code to be typed by hand, five groups of four: 100 random bits. */
export function newSetupCode(): string {
  const letters = [...randomBytes(20)].map((byte) => alphabet[byte % 32]!).join('');
  return letters.match(/.{4}/g)!.join('-');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The token a page must send back with each change: it follows from the session's secret, which other sites cannot read. */
export function csrfTokenOf(sessionSecret: string): string {
  return createHmac('sha256', sessionSecret).update('csrf').digest('base64url');
}

export function sameSecret(first: string, second: string): boolean {
  const [one, other] = [Buffer.from(sha256(first)), Buffer.from(sha256(second))];
  return timingSafeEqual(one, other);
}
