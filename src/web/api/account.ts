import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { WillisError } from '../../errors.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { door } from '../contract.ts';
import type { NodeAccess, WebOptions } from '../options.ts';
import { userOf } from '../security/guard.ts';
import { closeSession, openSession, sessionCookie } from '../security/identity.ts';
import { hashPassword, verifyPassword } from '../security/passwords.ts';
import { csrfTokenOf, sha256 } from '../security/secrets.ts';
import { userName, userPassword } from './user-fields.ts';

/** Guesses of passwords and codes an address may make. */
const guessing = { rateLimit: { max: 10, timeWindow: '1 minute' } };
const credentials = z.strictObject({ name: z.string().max(64), password: z.string().max(256) });
const setup = z.strictObject({ code: z.string().max(64), name: userName, password: userPassword });

/** First administrator, login, logout, and who is signed in. */
export function accountRoutes(app: App, node: NodeAccess, options: WebOptions): void {
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: options.tls !== null } as const;
  const signIn = async (request: FastifyRequest, reply: FastifyReply, user: Signed) => {
    const secret = await openSession(node.database, user.id, request, node.now());
    void reply.setCookie(sessionCookie, secret, cookie);
    request.identity = { kind: 'user', ...user, csrfToken: csrfTokenOf(secret) };
    await record(node, request, { action: 'login', object: user.name });
    return {
      ...{ setupNeeded: false, oidc: options.oidc !== null },
      session: { ...user, csrfToken: csrfTokenOf(secret) },
    };
  };

  const look = { config: { access: 'open' }, schema: { response: { 200: door } } } as const;
  app.get('/api/door', look, async ({ identity }) => {
    const session = identity?.kind === 'user' ? identity : null;
    return { setupNeeded: await isSetupNeeded(node), session, oidc: options.oidc !== null };
  });

  const first = {
    config: { access: 'open', ...guessing },
    schema: { body: setup, response: { 200: door } },
  } as const;
  app.post('/api/setup', first, async (request, reply) => {
    const user = await makeFirstAdministrator(node, request, request.body);
    return await signIn(request, reply, user);
  });

  const enter = {
    config: { access: 'open', ...guessing },
    schema: { body: credentials, response: { 200: door } },
  } as const;
  app.post('/api/login', enter, async (request, reply) => {
    const user = await checkCredentials(node, request, request.body);
    return await signIn(request, reply, user);
  });

  app.post('/api/logout', { config: { access: 'opinion' } }, async (request, reply) => {
    userOf(request);
    await closeSession(node.database, request.cookies[sessionCookie] ?? '');
    await record(node, request, { action: 'logout', object: userOf(request).name });
    void reply.clearCookie(sessionCookie, cookie);
    return await reply.status(204).send();
  });
}

interface Signed {
  readonly id: number;
  readonly name: string;
  readonly role: 'admin' | 'reader';
}

async function isSetupNeeded(node: NodeAccess): Promise<boolean> {
  const user = await node.database.selectFrom('user').select('id').limit(1).executeTakeFirst();
  return user === undefined;
}

/** Takes the code from the console; it works once, and only while there is no user. */
async function makeFirstAdministrator(
  node: NodeAccess,
  request: FastifyRequest,
  wanted: z.infer<typeof setup>,
): Promise<Signed> {
  const passwordHash = await hashPassword(wanted.password);
  return await node.database.transaction().execute(async (transaction) => {
    const existing = await transaction.selectFrom('user').select('id').limit(1).executeTakeFirst();
    if (existing !== undefined)
      throw new WillisError('SETUP_DONE', 'The node has an administrator already. Sign in.');
    const code = await transaction
      .deleteFrom('setup_code')
      .where('code_sha256', '=', sha256(wanted.code.trim().toUpperCase()))
      .returning('id')
      .executeTakeFirst();
    if (code === undefined)
      throw new WillisError('SETUP_CODE_WRONG', 'That is not the code the node printed when it started.');
    const values = { name: wanted.name, role: 'admin' as const, password_hash: passwordHash };
    const { id } = await transaction
      .insertInto('user')
      .values({ ...values, created_at: node.now() })
      .returning('id')
      .executeTakeFirstOrThrow();
    await record(node, request, { action: 'first administrator', object: wanted.name }, transaction);
    return { id, name: wanted.name, role: 'admin' };
  });
}

/** A hash nobody has the password of: an unknown name takes as long as a wrong password. */
const nobody = hashPassword(sha256(String(process.pid)));

async function checkCredentials(
  node: NodeAccess,
  request: FastifyRequest,
  shown: z.infer<typeof credentials>,
): Promise<Signed> {
  const row = await node.database
    .selectFrom('user')
    .selectAll()
    .where('name', '=', shown.name)
    .executeTakeFirst();
  const right = await verifyPassword(shown.password, row?.password_hash ?? (await nobody));
  if (row !== undefined && right) return { id: row.id, name: row.name, role: row.role };
  await record(node, request, { action: 'login', object: 'a user', outcome: 'refused' });
  throw new WillisError('LOGIN_WRONG', 'Name or password is wrong.');
}
