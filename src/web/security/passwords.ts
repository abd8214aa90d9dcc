import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
  options: object,
) => Promise<Buffer>;

/** Cost of one guess: 64 MB and about a tenth of a second. */
const cost = { N: 2 ** 16, r: 8, p: 1 } as const;
const maxmem = 128 * 2 ** 20;
const hashBytes = 32;

/** A hash that carries its own parameters and salt, so that the cost can rise later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password.normalize('NFKC'), salt, hashBytes, { ...cost, maxmem });
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** True when the password made the hash; takes the same time whatever the answer. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = stored.split('$');
  const expected = Buffer.from(hash, 'base64');
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem };
  const got = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), hashBytes, options);
  return expected.length === got.length && timingSafeEqual(expected, got);
}
