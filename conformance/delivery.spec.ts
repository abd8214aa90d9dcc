import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { commitmentReported, type Destination } from '../src/delivery/index.ts';
import { startReceiver } from '../src/network/index.ts';
import { deliverAnalysed, destinationAt, type Analysed } from '../test/support/analysed.ts';
import { freePort, untilTrue } from '../test/support/node-process.ts';
import { sampleFiles } from '../test/support/sample.ts';
import { receiverOptions } from '../test/support/test-pacs.ts';
import { makeCertificates } from './support/certificates.ts';
import { startOrthanc, type Orthanc } from './support/orthanc.ts';
import { runLater, startPython, startTool } from './support/running.ts';
import { needs } from './support/tools.ts';

const dicomWebPlugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

describe('delivery to real peers', function () {
  this.timeout(120_000);
  const home = mkdtempSync(path.join(os.tmpdir(), 'willis-peers-'));
  let number = 0;
  const made = [
    ['summary', 1],
    ['heatmap', 3],
    ['sr', 1],
  ] as const;
  after(() => rmSync(home, { recursive: true, force: true }));

  /** Delivers one analysis to a destination, with a port for its reports, until the event. */
  async function delivering(
    destination: Destination,
    reportPort: number,
    work: (node: Analysed) => Promise<void>,
  ): Promise<void> {
    const folder = path.join(home, String((number += 1)));
    await using node = await deliverAnalysed(folder, made, [destination]);
    await using _receiver = await startReceiver(receiverOptions({ port: reportPort }), {
      allocate: () => path.join(folder, 'none'),
      admit: () => ({ kind: 'accept' }),
      commit: async () => await Promise.resolve(0xa700),
      associationClosed: () => undefined,
      reported: async (report) => await commitmentReported(node.database, report, node.options),
    });
    await work(node);
  }

  async function until(node: Analysed, event: string, output: () => string = () => ''): Promise<void> {
    await untilTrue(
      () => node.events.some((one) => one.event === event),
      60_000,
      () => `${JSON.stringify(node.events)}\n${output()}`,
    );
  }

  describe('storage commitment with pynetdicom, which takes Implicit VR only', () => {
    before(function () {
      needs(this, 'python');
    });

    for (const [where, failures] of [
      ['same', 0],
      ['new', 0],
      ['new', 1],
    ] as const) {
      it(`report on the ${where} association, ${failures} failures first`, async () => {
        const [port, reportPort] = [await freePort(), await freePort()];
        await using pacs = await startPython(
          'commit_pacs.py',
          [port, reportPort, where, failures].map(String),
        );
        const destination = destinationAt(port, { aeTitle: 'PYPACS', commitment: true });
        await delivering(destination, reportPort, async (node) => {
          await until(node, 'committed', pacs.output);
          const rows = await node.database.selectFrom('delivered').selectAll().execute();
          expect(rows).to.have.length(5);
          expect(rows.every((row) => row.committed_at !== null)).to.equal(true);
          expect(new Set(rows.map((row) => row.transfer_syntax_uid))).to.deep.equal(
            new Set(['1.2.840.10008.1.2']),
          );
          await untilTrue(
            () => new RegExp(`reported ${where} 1 0x0000`).test(pacs.output()),
            10_000,
            pacs.output,
          );
          expect(pacs.output().match(/^asked/gm)).to.have.length(1 + failures);
          if (where === 'new') expect(pacs.output()).to.match(/roles True False/);
        });
      });
    }
  });

  describe('Orthanc', () => {
    let orthanc: Orthanc;
    let reportPort: number;

    before(async function () {
      needs(this, 'Orthanc', 'python');
      if (!existsSync(dicomWebPlugin)) {
        if (process.env['CI'] === 'true') throw new Error(`CI must have ${dicomWebPlugin}`);
        console.log(`      skipped: ${dicomWebPlugin} not installed`);
        this.skip();
      }
      reportPort = await freePort();
      orthanc = await startOrthanc(path.join(home, 'orthanc'), {
        Plugins: [dicomWebPlugin],
        DicomWeb: { Enable: true, Root: '/dicom-web/' },
        DicomModalities: { willis: { AET: 'WILLIS', Host: '127.0.0.1', Port: reportPort } },
      });
    });
    after(async () => {
      await orthanc[Symbol.asyncDispose]();
    });

    it('takes responsibility for what it stored', async () => {
      const destination = destinationAt(orthanc.dicomPort, { aeTitle: 'ORTHANC', commitment: true });
      await delivering(destination, reportPort, async (node) => {
        await until(node, 'committed');
        const rows = await node.database.selectFrom('delivered').selectAll().execute();
        expect(rows.filter((row) => row.committed_at !== null)).to.have.length(5);
      });
    });

    const web = (changes: object): Destination => ({
      ...{ type: 'stow-rs', name: 'web', url: `http://127.0.0.1:${orthanc.httpPort}/dicom-web`, headers: {} },
      ...{ results: ['summary', 'heatmap', 'sr'], fallbacks: {}, compression: 'none' },
      ...{ firstRetrySeconds: 0.3, longestRetrySeconds: 0.5 },
      ...changes,
    });

    it('takes results by STOW-RS, compressed as configured', async () => {
      await delivering(web({ compression: 'jpeg-ls' }), await freePort(), async (node) => {
        await until(node, 'delivered');
        expect(
          new Set((await node.delivered('web')).map((one) => `${one.kind} ${one.transferSyntaxUid}`)),
        ).to.deep.equal(
          new Set([
            ...['summary 1.2.840.10008.1.2.4.80', 'heatmap 1.2.840.10008.1.2.4.80', 'sr 1.2.840.10008.1.2.1'],
          ]),
        );
        const uids = await node.database.selectFrom('result').select('sop_instance_uid').execute();
        const there = (await orthanc.get('/instances?expand')) as {
          MainDicomTags: { SOPInstanceUID: string };
        }[];
        expect(there.map((one) => one.MainDicomTags.SOPInstanceUID)).to.include.members(
          uids.map((row) => row.sop_instance_uid),
        );
      });
    });
  });

  describe('TLS', () => {
    before(function () {
      needs(this, 'storescp', 'openssl');
    });

    it('DCMTK storescu with a certificate of the hospital is heard on our secure port; without one, or without TLS, it is not', async () => {
      const keys = path.join(home, 'caller-keys');
      mkdirSync(keys, { recursive: true });
      makeCertificates(keys);
      const file = (name: string): string => path.join(keys, name);
      const port = await freePort();
      const tls = { ca: file('ca.pem'), cert: file('willis.pem'), key: file('willis.key') };
      const ended: string[] = [];
      let number_ = 0;
      await using _receiver = await startReceiver(receiverOptions({ port, tls }), {
        allocate: () => path.join(keys, `${(number_ += 1)}.dcm`),
        admit: () => ({ kind: 'accept' }),
        commit: async () => await Promise.resolve(0),
        associationClosed: ({ text }) => void ended.push(text),
      });
      const storescu = (...args: readonly string[]): Promise<string> =>
        runLater('storescu', [
          ...['-v', '--propose-jls-lossless', '-aec', 'WILLIS', ...args, '127.0.0.1', String(port)],
          ...sampleFiles().slice(0, 3),
        ]);
      const known = await storescu('+tls', file('pacs.key'), file('pacs.pem'), '+cf', file('ca.pem'));
      expect(known.match(/Received Store Response \(Success\)/g)).to.have.length(3);
      expect(ended.at(-1)).to.match(/3 instances stored/);
      for (const refused of [await storescu('+tla', '-ic'), await storescu()])
        expect(refused).to.not.match(/Received Store Response/);
      expect(ended.join('\n')).to.match(/failed the TLS handshake/);
    });

    it('DCMTK storescp wants our certificate and gets it; an unknown one, or a wrong name, is refused', async () => {
      const keys = path.join(home, 'keys');
      mkdirSync(keys, { recursive: true });
      makeCertificates(keys);
      const port = await freePort();
      const file = (name: string): string => path.join(keys, name);
      const received = path.join(keys, 'received');
      mkdirSync(received);
      const args = [
        '+tls',
        file('pacs.key'),
        file('pacs.pem'),
        '+cf',
        file('ca.pem'),
        '+xa',
        '-od',
        received,
      ];
      await using _pacs = await startTool('storescp', [...args, String(port)], port);
      const identity = { ca: file('ca.pem'), cert: file('willis.pem'), key: file('willis.key') };
      const tls = (changes: object): Destination =>
        destinationAt(port, { host: 'localhost', tls: { ...identity, ...changes } });
      await delivering(tls({}), await freePort(), async (node) => {
        await until(node, 'delivered');
        expect(await node.delivered('pacs')).to.have.length(5);
      });
      for (const changes of [{ ca: file('willis.pem') }, { serverName: 'other.example' }]) {
        await delivering(tls(changes), await freePort(), async (node) => {
          await until(node, 'failed');
          expect(JSON.stringify(node.events)).to.match(/certificate|altnames/i);
          expect(await node.delivered('pacs')).to.deep.equal([]);
        });
      }
      await delivering(tls({ cert: undefined, key: undefined }), await freePort(), async (node) => {
        await until(node, 'failed');
        expect(await node.delivered('pacs')).to.deep.equal([]);
      });
    });
  });
});
