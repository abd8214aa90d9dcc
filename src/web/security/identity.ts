import '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../archive/index.ts';
import { csrfTokenOf, newSecret, sha256 } from './secrets.ts';

/** Who asks: a person with a session, or a program with a token. */
export type Identity =
  | {
      readonly kind: 'user';
      readonly id: number;
      readonly name: string;
      readonly role: 'admin' | 'reader';
      readonly csrfToken: string;
    }
  | { readonly kind: 'token'; readonly name: string; readonly scope: 'read' | 'store' | 'metrics' };

export const sessionCookie = 'willis_session';

export interface SessionLimits {
  readonly idleMs: number;
  readonly longestMs: number;
}

/** Opens a session and returns its secret, which only the browser keeps. */
export async function openSession(
  database: Database,
  userId: number,
  request: FastifyRequest,
  now: number,
): Promise<string> {
  const secret = newSecret();
  await database
    .insertInto('session')
    .values({
      token_sha256: sha256(secret),
      user_id: userId,
      user_agent_sha256: userAgentOf(request),
      created_at: now,
      used_at: now,
    })
    .execute();
  return secret;
}

/** Reads who asks; null for nobody, for a session past its time, and for a cookie that another browser shows. */
export async function identify(
  database: Database,
  request: FastifyRequest,
  limits: SessionLimits,
  now: number,
): Promise<Identity | null> {
  const bearer = /^Bearer ([\w-]{20,100})$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return await tokenIdentity(database, bearer);
  const secret = request.cookies[sessionCookie];
  return secret === undefined ? null : await sessionIdentity(database, { secret, request, limits, now });
}

async function tokenIdentity(database: Database, bearer: string): Promise<Identity | null> {
  const row = await database
    .selectFrom('api_token')
    .select(['name', 'scope'])
    .where('token_sha256', '=', sha256(bearer))
    .executeTakeFirst();
  return row === undefined ? null : { kind: 'token', name: row.name, scope: row.scope };
}

/** The time of use is written at most once a minute: reading must not cost a disk flush. */
const writeUseAfterMs = 60_000;

async function sessionIdentity(
  database: Database,
  shown: { secret: string; request: FastifyRequest; limits: SessionLimits; now: number },
): Promise<Identity | null> {
  const { secret, request, limits, now } = shown;
  const key = sha256(secret);
  const row = await database
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.user_id')
    .select(['user.id', 'user.name', 'user.role', 'session.used_at', 'session.created_at'])
    .select('session.user_agent_sha256')
    .where('session.token_sha256', '=', key)
    .executeTakeFirst();
  if (row === undefined) return null;
  const expired = now - row.used_at > limits.idleMs || now - row.created_at > limits.longestMs;
  const elsewhere = row.user_agent_sha256 !== userAgentOf(request);
  if (expired || elsewhere) {
    // a cookie in another browser was stolen: it is worth nothing from now on
    await closeSession(database, secret);
    return null;
  }
  if (now - row.used_at > writeUseAfterMs)
    await database.updateTable('session').set({ used_at: now }).where('token_sha256', '=', key).execute();
  return { kind: 'user', id: row.id, name: row.name, role: row.role, csrfToken: csrfTokenOf(secret) };
}

export async function closeSession(database: Database, secret: string): Promise<void> {
  await database.deleteFrom('session').where('token_sha256', '=', sha256(secret)).execute();
}

function userAgentOf(request: FastifyRequest): string {
  return sha256(request.headers['user-agent'] ?? '');
}
