import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { hidden, withSecrets, withoutSecrets } from '../../src/web/hidden.ts';
import { untilTrue } from '../support/node-process.ts';
import { startWebNode, type WebClient, type WebNode } from '../support/web-node.ts';

const secret = 'sesame-0123456789';

describe('secrets of the configuration', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-secrets-'));
  const asked: http.IncomingHttpHeaders[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.headers);
    response.writeHead(request.headers.authorization === `Bearer ${secret}` ? 200 : 401).end('[]');
  });
  let url: string;
  let web: WebNode;
  let admin: WebClient;
  let reader: WebClient;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`;
    web = await startWebNode(folder);
    admin = await web.setUpAdmin();
    reader = await web.addReader(admin);
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const sha = async (): Promise<string> => (await admin.get<{ sha256: string }>('/api/settings')).sha256;
  const save = async (destination: object, name = 'cloud'): Promise<{ status: number; text: string }> => {
    const body = { settingsSha256: await sha(), destination: { name, ...destination } };
    return await admin.request('PUT', `/api/destinations/${name}`, { body });
  };
  const stored = (): { destinations: { name: string; bearerToken?: string; headers?: object }[] } =>
    JSON.parse(readFileSync(web.configFile, 'utf8')) as never;

  it('go in, and come out of no answer, neither for readers nor for administrators', async () => {
    const headers = { 'X-Api-Key': secret };
    expect((await save({ type: 'stow-rs', url, bearerToken: secret, headers })).status).to.equal(204);
    const basic = { user: 'willis', password: secret };
    expect((await save({ type: 'stow-rs', url, basic }, 'second')).status).to.equal(204);
    expect(stored().destinations[0]!.bearerToken).to.equal(secret);
    const [newest] = await admin.get<{ id: string }[]>('/api/settings/history');
    const gets = web.node.web!.routes.filter(
      ({ method, url: at }) => method === 'GET' && !/events|[:*]/.test(at),
    );
    expect(gets.length).to.be.greaterThan(15);
    for (const at of [...gets.map((route) => route.url), `/api/settings/history/${newest!.id}`])
      for (const client of [admin, reader])
        expect((await client.request('GET', at)).text, at).to.not.contain(secret);
    expect((await admin.request('GET', '/api/devices')).text).to.contain(hidden);
  });

  it('stay as they were when the page sends the marker back, and are used', async () => {
    const { destinations } = await admin.get<{ destinations: { configured: object }[] }>('/api/devices');
    expect((await save({ ...destinations[0]!.configured, results: ['sr'] })).status).to.equal(204);
    expect(stored().destinations[0]).to.deep.include({
      bearerToken: secret,
      headers: { 'X-Api-Key': secret },
    });
    asked.length = 0;
    const answer = await admin.request('POST', '/api/destinations/cloud/check');
    expect(answer.json()).to.deep.include({ answered: true });
    expect(asked[0]).to.deep.include({ authorization: `Bearer ${secret}`, 'x-api-key': secret });
    expect(answer.text).to.not.contain(secret);
    const refused = (await admin.request('POST', '/api/destinations/second/check')).json();
    expect(refused).to.deep.include({ answered: false });
    expect(JSON.stringify(refused)).to.match(/HTTP 401/);
  });

  it('do not go to another address than the one they were typed for', async () => {
    const { destinations } = await admin.get<{ destinations: { configured: object }[] }>('/api/devices');
    const answer = await save({ ...destinations[0]!.configured, url: 'http://127.0.0.2:9/dicom-web' });
    expect(answer.status).to.equal(422);
    expect(answer.text).to.match(/type it again/);
    expect((await save({ type: 'stow-rs', url, bearerToken: hidden }, 'third')).status).to.equal(422);
    expect(stored().destinations).to.have.length(2);
  });

  it('are not quoted where a hand breaks the file', async () => {
    const whole = readFileSync(web.configFile, 'utf8');
    writeFileSync(web.configFile, `{"bearerToken": "${secret}" oops}`);
    await untilTrue(
      async () => (await admin.get<{ fault: string | null }>('/api/settings')).fault !== null,
      10_000,
      () => 'the fault was not noticed',
    );
    for (const at of ['/api/settings', '/api/overview', '/api/log']) {
      const { text } = await admin.request('GET', at);
      expect(text, at).to.not.contain(secret.slice(0, 6));
    }
    expect((await reader.request('GET', '/api/overview')).text).to.match(/is not JSON/);
    writeFileSync(web.configFile, whole);
  });

  it('are found at any depth, and lists keep theirs by name', () => {
    const whole = {
      web: { oidc: { issuer: 'https://id', clientSecret: 'a' } },
      destinations: [
        { name: 'one', basic: { user: 'u', password: 'b' } },
        { name: 'two', bearerToken: 'c' },
      ],
    };
    const shown = withoutSecrets(whole);
    expect(JSON.stringify(shown)).to.not.match(/"[abc]"/);
    expect(withSecrets(shown, whole)).to.deep.equal(whole);
    const turned = { ...shown, destinations: [...shown.destinations].reverse() };
    expect(withSecrets(turned, whole)).to.deep.equal({
      ...whole,
      destinations: [...whole.destinations].reverse(),
    });
  });
});
