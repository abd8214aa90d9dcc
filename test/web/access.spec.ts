import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  adminPassword,
  readerPassword,
  startWebNode,
  type WebClient,
  type WebNode,
} from '../support/web-node.ts';

/** Paths with ids that exist nowhere: a route that lets nobody in must say so before it looks. */
function pathOf(url: string): string {
  return url
    .replace(/:(study|series|instance|sopInstanceUid)\b/g, '1.2.3')
    .replace(':frames', '1')
    .replace(':tag', '7FE00010')
    .replace(/:\w+/g, '4711')
    .replace('*', 'x');
}

describe('web access', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-access-'));
  let web: WebNode;
  let admin: WebClient;
  let reader: WebClient;
  const openRoutes = new Set([
    'GET /health',
    'GET /ready',
    'GET /api/door',
    'POST /api/setup',
    'POST /api/login',
    'GET /',
    'GET /studies',
    'GET /series/*',
    'GET /viewer/*',
    'GET /devices',
    'GET /rules',
    'GET /bundles',
    'GET /inference',
    'GET /system',
    'GET /assets/*',
  ]);

  before(async () => {
    web = await startWebNode(folder);
    admin = await web.setUpAdmin();
    const body = { name: 'Reader', role: 'reader', password: readerPassword };
    expect((await admin.request('POST', '/api/users', { body })).status).to.equal(204);
    reader = web.client('reader browser');
    expect((await reader.login('Reader', readerPassword)).status).to.equal(200);
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const routes = (): readonly { method: string; url: string; access: string }[] => web.node.web!.routes;

  it('is for nobody without login, but for the few routes named here', async () => {
    expect(routes().length).to.be.greaterThan(50);
    for (const { method, url } of routes()) {
      const { status } = await web
        .client()
        .request(method, pathOf(url), { body: method === 'GET' ? undefined : {} });
      if (openRoutes.has(`${method} ${url}`) || url === '/metrics') expect(status, url).to.not.equal(401);
      else expect(status, `${method} ${url}`).to.equal(401);
    }
  });

  it('lets a reader look, sign off and give his opinion, and change nothing else', async () => {
    const own = new Set([
      'PUT /api/analyses/:id/readings',
      'POST /api/logout',
      'POST /api/login',
      'POST /api/setup',
    ]);
    const changing = routes().filter(({ method }) => method !== 'GET' && method !== 'OPTIONS');
    expect(changing.length).to.be.greaterThan(15);
    for (const { method, url } of changing) {
      if (own.has(`${method} ${url}`)) continue;
      const { status } = await reader.request(method, pathOf(url), { body: {} });
      expect(status, `${method} ${url}`).to.equal(403);
    }
    for (const url of [
      '/api/users',
      '/api/tokens',
      '/api/settings',
      '/api/log',
      '/api/audit',
      '/api/settings/history',
    ])
      expect((await reader.request('GET', url)).status, url).to.equal(403);
    for (const url of ['/api/overview', '/api/studies', '/api/devices', '/api/rules', '/api/bundles'])
      expect((await reader.request('GET', url)).status, url).to.equal(200);
  });

  it('writes down what was refused', async () => {
    const lines =
      await admin.get<{ who: string; action: string; outcome: string; object: string }[]>('/api/audit');
    const refused = lines.filter(({ who, outcome }) => who === 'Reader' && outcome === 'refused');
    expect(refused.map(({ object }) => object)).to.include('POST /api/users');
  });

  it('refuses a change without the session token, with a wrong one, and from a page of another site', async () => {
    const body = { aeTitle: 'X' };
    const { csrf } = admin;
    const tryWith = async (token: string, headers: Record<string, string> = {}): Promise<number> => {
      admin.csrf = token;
      const { status } = await admin.request('POST', '/api/strangers/ignore', { body, headers });
      admin.csrf = csrf;
      return status;
    };
    expect(await tryWith('')).to.equal(403);
    expect(await tryWith('x'.repeat(csrf.length))).to.equal(403);
    expect(await tryWith(reader.csrf)).to.equal(403);
    expect(await tryWith(csrf, { origin: 'https://elsewhere.example' })).to.equal(403);
    expect(await tryWith(csrf, { origin: web.url })).to.equal(204);
    const form = { 'content-type': 'text/plain' };
    const text = JSON.stringify({ name: 'Admin', password: adminPassword });
    expect((await admin.request('POST', '/api/login', { body: text, headers: form })).status).to.equal(415);
  });

  it('makes a stolen cookie worthless in another browser, and the session with it', async () => {
    const victim = web.client('victim browser');
    await victim.login('Reader', readerPassword);
    const thief = web.client('thief browser');
    thief.cookie = victim.cookie;
    expect((await thief.request('GET', '/api/studies')).status).to.equal(401);
    expect((await victim.request('GET', '/api/studies')).status).to.equal(401);
  });

  it('gives each login a cookie of its own that scripts and other sites do not get, and logout ends it', async () => {
    const client = web.client();
    client.cookie = 'willis_session=chosen-by-somebody-else-0123456789';
    const answer = await client.login('Reader', readerPassword);
    const set = answer.headers.get('set-cookie')!;
    expect(set)
      .to.match(/HttpOnly/)
      .and.match(/SameSite=Strict/);
    expect(client.cookie).to.not.contain('chosen-by-somebody');
    const kept = client.cookie;
    expect((await client.request('POST', '/api/logout')).status).to.equal(204);
    client.cookie = kept;
    expect((await client.request('GET', '/api/studies')).status).to.equal(401);
  });

  it('answers to known names only, so that a name that is made to point here is worth nothing', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'evil.example', cookie: admin.cookie, 'user-agent': 'test browser' };
      http
        .get(`${web.url}/api/studies`, { headers }, (answer) => resolve(answer.statusCode))
        .on('error', reject);
    });
    expect(status).to.equal(421);
  });

  it('lets a program do what its token is for, and no more', async () => {
    const token = async (scope: string): Promise<Record<string, string>> => {
      const answer = await admin.request('POST', '/api/tokens', { body: { name: `for ${scope}`, scope } });
      return { authorization: `Bearer ${(answer.json() as { token: string }).token}` };
    };
    const read = await token('read');
    const store = await token('store');
    const ask = async (method: string, url: string, headers: Record<string, string>): Promise<number> =>
      (await web.client().request(method, url, { headers })).status;
    expect(await ask('GET', '/dicom-web/studies', read)).to.equal(204);
    expect(await ask('POST', '/dicom-web/studies', read)).to.equal(403);
    expect(await ask('GET', '/api/settings', read)).to.equal(403);
    expect(await ask('POST', '/api/strangers/ignore', read)).to.equal(403);
    expect(await ask('GET', '/dicom-web/studies', store)).to.equal(403);
    expect(await ask('GET', '/dicom-web/studies', { authorization: `Bearer ${'a'.repeat(43)}` })).to.equal(
      401,
    );
  });

  it('takes the setup code once, and no guess', async () => {
    const body = { code: web.setupCode, name: 'Second', password: adminPassword };
    expect((await web.client().request('POST', '/api/setup', { body })).status).to.equal(409);
  });

  it('keeps the last administrator', async () => {
    const users = await admin.get<{ id: number; role: string }[]>('/api/users');
    const { id } = users.find(({ role }) => role === 'admin')!;
    expect((await admin.request('DELETE', `/api/users/${id}`, { body: {} })).status).to.equal(409);
  });

  it('slows down who guesses passwords', async () => {
    const client = web.client();
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1)
      statuses.push((await client.login('Admin', `guess number ${guess}`)).status);
    expect(statuses[0]).to.be.oneOf([401, 429]);
    expect(statuses).to.include(429);
    expect(statuses).to.not.include(200);
  });

  it('sends headers that forbid foreign scripts, framing and sniffing', async () => {
    const { headers } = await admin.request('GET', '/api/door');
    const policy = headers.get('content-security-policy')!;
    expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
    expect(policy).to.not.contain('unsafe-inline').and.not.contain("'unsafe-eval'");
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('cache-control')).to.equal('no-store');
  });

  it('gives away nothing outside its folders', async () => {
    const probes = [
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/index.html',
      '/..%2f..%2fetc/passwd',
      '/.git/config',
    ];
    for (const probe of [...probes, '/api/settings/history/..%2f..%2fwillis', '/api/pictures/..%2f..%2fx'])
      expect((await admin.request('GET', probe)).status, probe).to.be.oneOf([400, 403, 404]);
  });
});
