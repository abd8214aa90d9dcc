import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sendInstances } from '../../src/network/index.ts';
import { freePort, untilTrue } from '../support/node-process.ts';
import { sampleFolder } from '../support/sample.ts';
import { startWebNode, type WebNode } from '../support/web-node.ts';
import { writeSeries } from '../../bench/network/series.ts';

describe('counts agree: a thousand instances with failures between', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-counts-'));
  const audited: string[] = [];
  const collector = net.createServer((socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.on('end', () => {
      audited.push(text);
      socket.end();
    });
  });
  let web: WebNode;
  let port: number;

  before(async () => {
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    port = await freePort();
    web = await startWebNode(folder, {
      dicom: { host: '127.0.0.1', port, maxInstanceMegabytes: 1, pduTimeoutSeconds: 5 },
      series: { quietPeriodSeconds: 600, quietPeriodAfterReleaseSeconds: 600 },
      operations: { audit: { host: '127.0.0.1', port: (collector.address() as AddressInfo).port } },
    });
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    collector.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const to = (): { aeTitle: string; host: string; port: number } => ({
    aeTitle: 'WILLIS',
    host: '127.0.0.1',
    port,
  });
  const seen = { stored: 0, refused: 0, associations: 0 };

  it('peers send, are refused, speak rubbish and come again', async () => {
    for (let round = 0; round < 10; round += 1) {
      const series = writeSeries(path.join(folder, `series-${round}`), 100, `9${round}`);
      const half = Math.floor(series.length / 2);
      const sent = await sendInstances(to(), series.slice(0, half), { callingAeTitle: 'MR1' });
      await speakRubbishAndDie(port);
      const spoilt = spoiltCopy(path.join(folder, `spoilt-${round}.dcm`), round);
      const rest = await sendInstances(to(), [...series.slice(half), spoilt], { callingAeTitle: 'MR1' });
      // a resend of what is there is acknowledged, and counted as what it is: an arrival
      const again = await sendInstances(to(), series.slice(0, 3), { callingAeTitle: 'MR1' });
      for (const { kind } of [...sent, ...rest, ...again]) if (kind !== 'not-sent') seen[kind] += 1;
      seen.associations += 3;
    }
    expect(seen).to.deep.equal({ stored: 1030, refused: 10, associations: 30 });
  });

  it('metrics count what the peers saw', async () => {
    const metrics = await (await fetch(`${web.url}/metrics`)).text();
    const value = (name: string): number =>
      Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm').exec(metrics)?.[1] ?? NaN);
    expect(value('willis_instances_total{outcome="stored",from="dicom"}')).to.equal(seen.stored);
    expect(value('willis_instances_total{outcome="refused",from="dicom"}')).to.equal(seen.refused);
    expect(value('willis_associations_total{ending="released"}')).to.equal(seen.associations);
  });

  it('the index holds each instance once, and the audit messages tell every acknowledged one', async () => {
    const admin = await web.setUpAdmin();
    const { text } = await admin.request('GET', '/dicom-web/instances?limit=5000');
    expect((JSON.parse(text) as unknown[]).length).to.equal(1000);
    const told = (): number =>
      audited
        .filter((message) => message.includes('csd-code="110104"'))
        .flatMap((message) => [...message.matchAll(/NumberOfInstances="(\d+)"/g)])
        .reduce((sum, [, count]) => sum + Number(count), 0);
    await untilTrue(
      () => told() >= seen.stored,
      60_000,
      () => `the audit tells ${told()} of ${seen.stored}`,
    );
    await sleep(500);
    expect(told()).to.equal(seen.stored);
    const transfers = audited.filter((message) => message.includes('csd-code="110104"'));
    expect(transfers).to.have.length(seen.associations);
    expect(transfers.every((message) => message.includes('UserID="MR1"'))).to.equal(true);
  });
});

/** A peer that speaks something else and is gone. */
async function speakRubbishAndDie(port: number): Promise<void> {
  const file = path.join(sampleFolder, '0001.dcm');
  const socket = net.connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  for await (const chunk of createReadStream(file, { end: 2000 })) socket.write(chunk as Buffer);
  socket.destroy();
}

/** An instance whose data set names another SOP Instance UID than the command: it is refused for good (A900H). */
function spoiltCopy(
  file: string,
  round: number,
): { path: string; sopClassUid: string; sopInstanceUid: string; transferSyntaxUid: string } {
  writeFileSync(file, readFileSync(path.join(sampleFolder, '0001.dcm')));
  return {
    path: file,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    sopInstanceUid: `2.25.7777${round}`,
    transferSyntaxUid: '1.2.840.10008.1.2.4.80',
  };
}
