import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WillisError } from '../../errors.ts';
import type { NodeAccess, WebOptions } from '../options.ts';
import { record } from '../audit.ts';
import { identify, type Identity } from './identity.ts';
import { sameSecret } from './secrets.ts';

/**
 * Who may use a route. `open`: anybody; `read`: any user, and programs that may read; `opinion`: any user, for what is his own;
 * `admin`; `store`: administrators and programs that may store; `metrics`: administrators, monitoring, and this machine itself.
 * A route that says nothing is for administrators.
 */
export type Access = 'open' | 'read' | 'opinion' | 'admin' | 'store' | 'metrics';

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
  }
  interface FastifyContextConfig {
    access?: Access;
  }
}

/** Asks each request who it comes from and whether it may: before its body is read. */
export function guard(app: FastifyInstance, node: NodeAccess, options: WebOptions): void {
  const limits = { idleMs: options.sessionIdleMinutes * 60_000, longestMs: options.sessionHours * 3_600_000 };
  app.decorateRequest('identity', null);
  app.addHook('onRequest', async (request) => {
    checkHost(request, options);
    checkOrigin(request);
    request.identity = await identify(node.database, request, limits, node.now());
    const access = request.routeOptions.config.access ?? 'admin';
    if (access === 'open') return;
    if (!mayUse(access, request)) await refuse(node, request);
    if (request.identity?.kind === 'user' && changes(request)) checkCsrf(request, request.identity.csrfToken);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    // patient data stay out of caches; the page's own hashed files say otherwise themselves
    if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}

/** The signed-in user of a route that only users may use. */
export function userOf(request: FastifyRequest): Identity & { readonly kind: 'user' } {
  if (request.identity?.kind === 'user') return request.identity;
  throw new WillisError('LOGIN_NEEDED', 'Sign in first.');
}

function mayUse(access: Exclude<Access, 'open'>, request: FastifyRequest): boolean {
  const { identity } = request;
  if (access === 'metrics' && isLoopback(request.socket.remoteAddress)) return true;
  if (identity === null) return false;
  if (identity.kind === 'token') return access === identity.scope && (access !== 'read' || !changes(request));
  return identity.role === 'admin' || access === 'read' || access === 'opinion';
}

async function refuse(node: NodeAccess, request: FastifyRequest): Promise<never> {
  const { identity } = request;
  if (identity === null)
    throw new WillisError('LOGIN_NEEDED', 'Sign in first, or send a token that may do this.');
  await record(node, request, {
    action: 'forbidden',
    object: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
    outcome: 'refused',
  });
  throw new WillisError('NOT_ALLOWED', `${identity.name} may not do this. Ask an administrator.`);
}

/** A browser that was told a wrong address for a name would send our cookies along: only known names are answered. */
function checkHost(request: FastifyRequest, options: WebOptions): void {
  const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const known = name === 'localhost' || isAddress(name) || options.allowedHosts.includes(name);
  if (known) return;
  throw new WillisError(
    'HOST_UNKNOWN',
    `The page is not called "${name}". Use the address, or add the name under web.allowedHosts.`,
  );
}

/** What a page of another site sends names that site as its Origin. */
function checkOrigin(request: FastifyRequest): void {
  const { origin } = request.headers;
  if (origin === undefined || !changes(request)) return;
  if (URL.canParse(origin) && new URL(origin).host === request.host) return;
  throw new WillisError('CSRF_REFUSED', 'The request comes from a page of another site.');
}

function checkCsrf(request: FastifyRequest, expected: string): void {
  const shown = request.headers['x-willis-csrf'];
  if (typeof shown === 'string' && sameSecret(shown, expected)) return;
  throw new WillisError('CSRF_REFUSED', 'The request lacks the token of this session. Load the page again.');
}

function changes(request: FastifyRequest): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(request.method);
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(name);
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '');
}
