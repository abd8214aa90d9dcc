import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { sendSyslog } from '../src/network/index.ts';
import { freePort, untilTrue } from '../test/support/node-process.ts';
import { startWebNode } from '../test/support/web-node.ts';
import { makeCertificates } from './support/certificates.ts';
import { startRsyslog } from './support/rsyslog.ts';
import { needs } from './support/tools.ts';

describe('syslog over TLS (RFC 5425) to rsyslog: messages', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-syslog-'));
  const keys = path.join(folder, 'keys');
  const file = (name: string): string => path.join(keys, name);
  const ours = { cert: file('willis.pem'), key: file('willis.key') };

  before(function () {
    needs(this, 'rsyslogd', 'openssl');
    mkdirSync(keys);
    makeCertificates(keys);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const send = async (port: number, tls: object, text: string): Promise<string> =>
    await sendSyslog(
      { host: 'localhost', port, tls },
      { text, at: Date.UTC(2026, 0, 2), application: 'WILLIS' },
    ).then(
      () => 'sent',
      (error: unknown) => (error as { code: string }).code,
    );

  it('arrive whole and once, in UTF-8, under our certificate', async () => {
    const port = await freePort();
    await using collector = await startRsyslog(path.join(folder, 'whole'), keys, port);
    const texts = ['<a name="Müller^Änne"/>', `<long>${'ø'.repeat(3000)}</long>`, '<c/>'];
    for (const text of texts)
      expect(await send(port, { ca: file('ca.pem'), ...ours }, text)).to.equal('sent');
    await untilTrue(
      () => collector.messages().length >= texts.length,
      10_000,
      () => `${collector.messages().length} messages`,
    );
    const head = /^<85>1 2026-01-02T00:00:00\.000Z \S+ WILLIS \d+ DICOM\+RFC3881 - \uFEFF/;
    for (const message of collector.messages()) expect(message).to.match(head);
    expect(collector.messages().map((message) => message.replace(head, ''))).to.deep.equal(texts);
  });

  it('that the collector refuses for our certificate, or whose collector we do not know, are not taken for sent', async () => {
    const port = await freePort();
    const strangers = path.join(folder, 'strangers');
    mkdirSync(strangers);
    makeCertificates(strangers);
    const theirs = { cert: path.join(strangers, 'willis.pem'), key: path.join(strangers, 'willis.key') };
    await using collector = await startRsyslog(path.join(folder, 'refusing'), keys, port);
    // by TLS 1.3 a caller's handshake ends before his certificate is looked at
    expect(await send(port, { ca: file('ca.pem') }, '<nameless/>')).to.equal('PEER_UNREACHABLE');
    expect(await send(port, { ca: file('ca.pem'), ...theirs }, '<stranger/>')).to.equal('PEER_UNREACHABLE');
    const other = { ca: path.join(strangers, 'ca.pem'), ...ours };
    expect(await send(port, other, '<elsewhere/>')).to.equal('PEER_UNREACHABLE');
    expect(await send(port, { ca: file('ca.pem'), ...ours }, '<known/>')).to.equal('sent');
    await untilTrue(
      () => collector.messages().length > 0,
      10_000,
      () => 'nothing arrived',
    );
    expect(collector.messages()).to.have.length(1);
    expect(collector.messages()[0]).to.contain('<known/>');
  });

  it('whose collector ends before it has read them are not taken for sent', async () => {
    await using server = await listening((socket) => socket.once('readable', () => socket.resetAndDestroy()));
    const collector = { host: '127.0.0.1', port: server.port };
    const outcome = await sendSyslog(collector, {
      text: 'x'.repeat(5_000_000),
      at: 0,
      application: 'WILLIS',
    }).then(
      () => 'sent',
      (error: unknown) => (error as { code: string }).code,
    );
    expect(outcome).to.equal('PEER_UNREACHABLE');
  });

  it('of a node wait while the collector is down, and none is lost', async () => {
    const port = await freePort();
    const place = path.join(folder, 'node-collector');
    const audit = { host: 'localhost', port, tls: { ca: file('ca.pem'), ...ours } };
    await using web = await startWebNode(path.join(folder, 'node'), { operations: { audit } });
    const admin = web.client();
    await admin.setUp(web.setupCode);
    for (let number = 0; number < 5; number += 1)
      await admin.request('POST', '/api/strangers/ignore', { body: { aeTitle: `NOBODY${number}` } });
    await using collector = await startRsyslog(place, keys, port);
    const told = (what: string): number => collector.messages().filter((text) => text.includes(what)).length;
    await untilTrue(
      () =>
        told('csd-code="110120"') === 1 && [0, 1, 2, 3, 4].every((number) => told(`NOBODY${number}`) === 1),
      60_000,
      () => collector.messages().join('\n'),
    );
  });
});

async function listening(
  onCaller: (socket: net.Socket) => void,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = net.createServer(onCaller);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => await new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
