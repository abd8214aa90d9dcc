import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { freePort, untilTrue } from '../test/support/node-process.ts';
import { sampleFiles } from '../test/support/sample.ts';
import { sendFiles } from '../test/support/study.ts';
import { startWebNode } from '../test/support/web-node.ts';
import { makeCertificates } from './support/certificates.ts';
import { startTool, type Running } from './support/running.ts';
import { needs, pythonPath, run } from './support/tools.ts';

/** Signing in, a refused caller and three instances are acts that PS3.15 A.5 wants told. */
describe('audit messages to rsyslog over TLS (RFC 5425), which asks for our certificate', function () {
  this.timeout(90_000);
  const home = mkdtempSync(path.join(os.tmpdir(), 'willis-audit-'));
  const keys = path.join(home, 'keys');
  const file = (name: string): string => path.join(keys, name);
  const received = path.join(home, 'received.log');
  let port = 0;
  let rsyslog: Running | undefined;

  before(async function () {
    needs(this, 'rsyslogd', 'openssl', 'python');
    mkdirSync(keys);
    makeCertificates(keys);
    port = await freePort();
    const config = path.join(home, 'rsyslog.conf');
    writeFileSync(config, collectorConfig());
    rsyslog = await startTool('rsyslogd', ['-n', '-f', config, '-i', path.join(home, 'pid')], port);
  });
  after(async () => {
    await rsyslog?.[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  const collectorConfig = (): string => `
global(workDirectory="${home}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${file('ca.pem')}"
  defaultNetstreamDriverCertFile="${file('pacs.pem')}" defaultNetstreamDriverKeyFile="${file('pacs.key')}")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" port="${port}" address="127.0.0.1")
template(name="whole" type="string" string="%PRI% %APP-NAME% %MSGID%\t%msg%\n")
action(type="omfile" file="${received}" template="whole")
`;
  const lines = (): readonly string[] =>
    existsSync(received)
      ? readFileSync(received, 'utf8')
          .split('\n')
          .filter((line) => line.includes('DICOM+RFC3881'))
      : [];
  const auditing = (tls: object): object => ({
    operations: { audit: { host: 'localhost', port, tls: { ca: file('ca.pem'), ...tls } } },
  });
  const own = { cert: '', key: '' };

  it('a collector whose certificate is not signed by our authority gets nothing, and the messages wait', async () => {
    Object.assign(own, { cert: file('willis.pem'), key: file('willis.key') });
    await using web = await startWebNode(path.join(home, 'node'), auditing({ ...own, ca: own.cert }));
    const admin = web.client();
    await admin.setUp(web.setupCode);
    const waiting = async (): Promise<string> =>
      (await admin.request('GET', '/metrics', { headers: { host: new URL(web.url).host } })).text;
    await untilTrue(
      async () => /willis_jobs\{[^}]*audit[^}]*\} [1-9]/.test(await waiting()),
      20_000,
      () => 'no message waits',
    );
    expect(lines()).to.deep.equal([]);
  });

  it('with the right one all of them arrive, whole, as the schema of PS3.15 A.5 wants them', async () => {
    await using web = await startWebNode(path.join(home, 'node'), auditing(own));
    const admin = web.client();
    await admin.login('Admin', 'a wrong password');
    await sendFiles(sampleFiles().slice(0, 3), web.node.dicomPort, 'MR1');
    for (const code of ['110120', '110114', '110104'])
      await untilTrue(
        () => lines().some((line) => line.includes(`csd-code="${code}"`)),
        60_000,
        () => `no ${code}:\n${lines().join('\n')}\n${rsyslog!.output()}`,
      );
    for (const line of lines()) {
      const [head, message = ''] = line.split('\t');
      expect(head).to.equal('85 WILLIS DICOM+RFC3881');
      const script =
        'import sys, xml.dom.minidom as m; print(m.parseString(sys.argv[1]).documentElement.tagName)';
      const { output } = run(pythonPath, ['-c', script, message.trim().replace(/^\uFEFF/, '')]);
      expect(output.trim()).to.equal('AuditMessage');
    }
    const transferred = lines().find((line) => line.includes('csd-code="110104"'))!;
    expect(transferred).to.contain('UserID="MR1"').and.contain('NumberOfInstances="3"');
  });
});
