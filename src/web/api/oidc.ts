import type { FastifyReply, FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import type { Transaction } from '../../archive/index.ts';
import { WillisError, describeError } from '../../errors.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import type { NodeAccess, OidcOptions, WebOptions } from '../options.ts';
import { openSession, sessionCookie } from '../security/identity.ts';
import { hashPassword } from '../security/passwords.ts';
import { csrfTokenOf, newSecret } from '../security/secrets.ts';

const open = { access: 'open', rateLimit: { max: 20, timeWindow: '1 minute' } } as const;
const stepCookie = 'willis_oidc';
const stepSeconds = 600;

/** Sign-in at an OpenID provider: authorization code flow with PKCE, state and nonce (OpenID Connect Core 3.1). */
export function oidcRoutes(app: App, node: NodeAccess, options: WebOptions): void {
  const { oidc } = options;
  if (oidc === null) return;
  const discovered: { provider: Promise<openid.Configuration> | null } = { provider: null };
  const provider = async (): Promise<openid.Configuration> => {
    discovered.provider ??= discover(oidc);
    try {
      return await discovered.provider;
    } catch (error) {
      // the provider may be back at the next try
      discovered.provider = null;
      throw refusal(error);
    }
  };
  const secure = oidc.pageUrl.startsWith('https:');
  const callback = `${oidc.pageUrl.replace(/\/+$/, '')}/api/oidc/callback`;

  app.get('/api/oidc/login', { config: open, schema: { hide: true } }, async (_request, reply) => {
    const step = {
      verifier: openid.randomPKCECodeVerifier(),
      state: openid.randomState(),
      nonce: openid.randomNonce(),
    };
    const address = openid.buildAuthorizationUrl(await provider(), {
      redirect_uri: callback,
      scope: oidc.scope,
      code_challenge: await openid.calculatePKCECodeChallenge(step.verifier),
      code_challenge_method: 'S256',
      state: step.state,
      nonce: step.nonce,
    });
    const kept = Buffer.from(JSON.stringify(step)).toString('base64url');
    // lax: the provider's page sends the browser back here
    const cookie = {
      path: '/api/oidc',
      httpOnly: true,
      sameSite: 'lax',
      secure,
      maxAge: stepSeconds,
    } as const;
    return await reply.setCookie(stepCookie, kept, cookie).redirect(address.href);
  });

  app.get('/api/oidc/callback', { config: open, schema: { hide: true } }, async (request, reply) => {
    const claims = await claimsOf(request, { provider: await provider(), callback });
    void reply.clearCookie(stepCookie, { path: '/api/oidc' });
    return await signIn({ node, options, oidc }, claims, request, reply);
  });
}

/** Throws LOGIN_WRONG where the answer is not to a question of this browser. */
async function claimsOf(
  request: FastifyRequest,
  flow: { readonly provider: openid.Configuration; readonly callback: string },
): Promise<openid.IDToken> {
  try {
    const kept = Buffer.from(request.cookies[stepCookie] ?? '', 'base64url').toString('utf8');
    const step = JSON.parse(kept) as { verifier: string; state: string; nonce: string };
    const address = new URL(flow.callback);
    address.search = new URL(request.url, flow.callback).search;
    const tokens = await openid.authorizationCodeGrant(flow.provider, address, {
      pkceCodeVerifier: step.verifier,
      expectedState: step.state,
      expectedNonce: step.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('the provider sent no ID token');
    return claims;
  } catch (error) {
    throw refusal(error);
  }
}

interface SigningIn {
  readonly node: NodeAccess;
  readonly options: WebOptions;
  readonly oidc: OidcOptions;
}

async function signIn(
  { node, options, oidc }: SigningIn,
  claims: openid.IDToken,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const role = roleOf(oidc, claims[oidc.roleClaim]);
  if (role === null) {
    await record(node, request, { action: 'login', object: 'an OpenID account', outcome: 'refused' });
    throw new WillisError(
      'NOT_ALLOWED',
      'This account may not use the node. Ask an administrator for the right group.',
    );
  }
  const claimed = claims[oidc.nameClaim];
  const name = (typeof claimed === 'string' ? claimed : claims.sub).slice(0, 50);
  const account = {
    name,
    role,
    subject: `${claims.iss}#${claims.sub}`,
    hash: await hashPassword(newSecret()),
  };
  const user = await node.database
    .transaction()
    .execute(async (transaction) => await accountOf(transaction, account, node.now()));
  const secret = await openSession(node.database, user.id, request, node.now());
  request.identity = { kind: 'user', ...user, role, csrfToken: csrfTokenOf(secret) };
  await record(node, request, { action: 'login', object: user.name, detail: 'OpenID' });
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: options.tls !== null } as const;
  // a strict cookie does not go along with a redirect that began elsewhere: the page goes on by itself
  return await reply
    .setCookie(sessionCookie, secret, cookie)
    .type('text/html; charset=utf-8')
    .send(
      '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Willis</title><a href="/">Go on</a>',
    );
}

/** The provider's account, made at its first visit; it never becomes a local account of the same name. */
async function accountOf(
  transaction: Transaction,
  account: {
    readonly name: string;
    readonly role: 'admin' | 'reader';
    readonly subject: string;
    readonly hash: string;
  },
  now: number,
): Promise<{ readonly id: number; readonly name: string }> {
  const { name, role, subject, hash } = account;
  const known = await transaction
    .updateTable('user')
    .set({ role })
    .where('oidc_subject', '=', subject)
    .returning(['id', 'name'])
    .executeTakeFirst();
  if (known !== undefined) return known;
  const taken = await transaction.selectFrom('user').select('id').where('name', '=', name).executeTakeFirst();
  const values = {
    name: taken === undefined ? name : `${name} (${subject.slice(-12)})`,
    role,
    created_at: now,
  };
  return await transaction
    .insertInto('user')
    .values({ ...values, password_hash: hash, oidc_subject: subject })
    .returning(['id', 'name'])
    .executeTakeFirstOrThrow();
}

function roleOf(oidc: OidcOptions, claim: unknown): 'admin' | 'reader' | null {
  const values = [claim].flat().map(String);
  if (oidc.admins.some((one) => values.includes(one))) return 'admin';
  return oidc.readers.length === 0 || oidc.readers.some((one) => values.includes(one)) ? 'reader' : null;
}

async function discover(oidc: OidcOptions): Promise<openid.Configuration> {
  const issuer = new URL(oidc.issuer);
  // without TLS a provider is believed on this machine alone
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; used for loopback alone
  const execute = issuer.protocol === 'http:' && isHere ? [openid.allowInsecureRequests] : [];
  return await openid.discovery(issuer, oidc.clientId, oidc.clientSecret, undefined, { execute });
}

function refusal(error: unknown): WillisError {
  return new WillisError(
    'LOGIN_WRONG',
    `The sign-in at the OpenID provider did not work: ${describeError(error)}. Try again from the sign-in page.`,
    { cause: error },
  );
}
