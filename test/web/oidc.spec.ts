import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startWebNode, type Answer, type WebClient, type WebNode } from '../support/web-node.ts';

/** As much of an OpenID provider as the code flow asks. */
class TestProvider {
  readonly server = http.createServer((request, response) => void this.answer(request, response));
  readonly verifiers: string[] = [];
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  claims: Record<string, unknown> = {};
  issuer = '';

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.issuer = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const { issuer } = this;
    const body = {
      '/.well-known/openid-configuration': {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/jwks': {
        keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }],
      },
      '/token': { access_token: 'x', token_type: 'bearer', id_token: this.idToken() },
    }[request.url ?? ''];
    if (request.url === '/token') this.verifiers.push(form.get('code_verifier') ?? '');
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  }

  private idToken(): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: this.issuer, aud: 'willis', iat: now, exp: now + 60, ...this.claims };
    const signed = `${part({ alg: 'RS256', kid: '1' })}.${part(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.keys.privateKey, 'base64url')}`;
  }
}

describe('sign-in at an OpenID provider', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-oidc-'));
  const provider = new TestProvider();
  let web: WebNode;

  before(async () => {
    await provider.listen();
    web = await startWebNode(folder, {
      web: {
        port: 0,
        oidc: {
          issuer: provider.issuer,
          clientId: 'willis',
          clientSecret: 'client-secret',
          pageUrl: 'http://127.0.0.1:8080',
          admins: ['pacs-admins'],
          readers: ['radiologists'],
        },
      },
    });
    await web.client().setUp(web.setupCode);
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    provider.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a browser does between the page and the provider. */
  const signIn = async (
    client: WebClient,
    claims: object,
    change: (answer: URLSearchParams) => void = () => undefined,
  ): Promise<Answer> => {
    const begun = await fetch(`${web.url}/api/oidc/login`, { redirect: 'manual' });
    const asked = new URL(begun.headers.get('location')!);
    const step = begun.headers.get('set-cookie')!.split(';')[0]!;
    provider.claims = { nonce: asked.searchParams.get('nonce'), ...claims };
    const answer = new URLSearchParams({ code: 'a-code', state: asked.searchParams.get('state')! });
    change(answer);
    const signedIn = await client.request('GET', `/api/oidc/callback?${answer}`, {
      headers: { cookie: step },
    });
    client.cookie = /willis_session=[^;]+/.exec(signedIn.headers.get('set-cookie') ?? '')?.[0] ?? '';
    return signedIn;
  };
  const roleOf = async (client: WebClient): Promise<string | undefined> =>
    (await client.get<{ session: { role: string } | null }>('/api/door')).session?.role;

  it('asks with PKCE, state and nonce', async () => {
    const begun = await fetch(`${web.url}/api/oidc/login`, { redirect: 'manual' });
    const asked = new URL(begun.headers.get('location')!).searchParams;
    expect(asked.get('code_challenge_method')).to.equal('S256');
    expect(asked.get('state')).to.have.length.greaterThan(20);
    expect(asked.get('nonce')).to.have.length.greaterThan(20);
    expect(begun.headers.get('set-cookie'))
      .to.match(/HttpOnly/)
      .and.match(/SameSite=Lax/);
  });

  it('gives the role of the group, and a cookie as any login', async () => {
    const client = web.client();
    const answer = await signIn(client, { sub: '1', preferred_username: 'ada', groups: ['radiologists'] });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers.get('set-cookie')).to.match(/SameSite=Strict/);
    expect(await roleOf(client)).to.equal('reader');
    const boss = web.client();
    await signIn(boss, { sub: '2', preferred_username: 'grace', groups: ['x', 'pacs-admins'] });
    expect(await roleOf(boss)).to.equal('admin');
    expect(provider.verifiers.every((verifier) => verifier.length >= 43)).to.equal(true);
  });

  it('never becomes a local account of the same name', async () => {
    const client = web.client();
    await signIn(client, { sub: '3', preferred_username: 'Admin', groups: ['radiologists'] });
    expect(await roleOf(client)).to.equal('reader');
    const { session } = await client.get<{ session: { name: string } }>('/api/door');
    expect(session.name).to.not.equal('Admin');
  });

  it('refuses accounts of no group, answers to other browsers, and answers with another nonce or state', async () => {
    const refused = async (claims: object, change?: (answer: URLSearchParams) => void): Promise<number> => {
      const client = web.client();
      const { status } = await signIn(
        client,
        { sub: '9', preferred_username: 'eve', groups: ['radiologists'], ...claims },
        change,
      );
      expect(await roleOf(client)).to.equal(undefined);
      return status;
    };
    expect(await refused({ groups: ['visitors'] })).to.equal(403);
    expect(await refused({ nonce: 'of-another-login' })).to.equal(401);
    expect(await refused({ aud: 'another-application' })).to.equal(401);
    expect(await refused({ exp: 1 })).to.equal(401);
    expect(await refused({}, (answer) => answer.set('state', 'forged'))).to.equal(401);
    const elsewhere = web.client();
    expect((await elsewhere.request('GET', '/api/oidc/callback?code=a&state=b')).status).to.equal(401);
  });
});
