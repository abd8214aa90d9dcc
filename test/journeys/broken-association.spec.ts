import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: a scanner whose connection breaks in the middle of a series', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-broken-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('"not analysed" with TRANSFER_INCOMPLETE, never a negative; sent again, it is read', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    await using node = await startNodeProcess(folder, {
      series: { quietPeriodSeconds: 1, quietPeriodAfterReleaseSeconds: 0.5, retryPeriodSeconds: 1 },
      destinations: [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }],
    });
    // from the top down: what has come when the line breaks are the slices above the arteries
    const files = sampleFiles().toReversed();
    using line = await breakingLine(node.port, 800_000);
    await sendFiles(files, line.port).catch(() => undefined);
    await untilTrue(
      () => reportsIn(pacs).length === 1,
      40_000,
      () => node.log(),
    );
    const [broken] = reportsIn(pacs);
    expect(broken!.comments[0]).to.match(/^NOT ANALYSED\. TRANSFER_INCOMPLETE: /);
    await sendFiles(files, node.port);
    await untilTrue(
      () => reportsIn(pacs).length === 2,
      60_000,
      () => node.log(),
    );
    const whole = reportsIn(pacs).find(({ sopInstanceUid }) => sopInstanceUid !== broken!.sopInstanceUid)!;
    expect(whole.centres.length).to.be.greaterThan(0);
    expect(whole.comments.join()).to.match(/Completeness: 90 slices/);
  });
});

/** A line to `port` that breaks when so many bytes have gone through. */
async function breakingLine(port: number, bytes: number): Promise<Disposable & { readonly port: number }> {
  const server = net.createServer((scanner) => {
    const node = net.connect(port, '127.0.0.1');
    const cut = (): void => {
      scanner.destroy();
      node.destroy();
    };
    let passed = 0;
    scanner.on('data', (chunk) => {
      passed += chunk.length;
      if (passed >= bytes) cut();
      else node.write(chunk);
    });
    node.on('data', (chunk) => scanner.write(chunk));
    for (const socket of [scanner, node]) socket.on('error', cut).on('close', cut);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.dispose]: () => void server.close(),
  };
}
