import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleDatasets, sampleFiles, writeDatasets } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: a PACS that takes the connection and says nothing', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-slow-pacs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('while the results of one series hang there, the next is analysed, and is delivered elsewhere', async () => {
    const open = new Set<net.Socket>();
    const silent = net.createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    await using alive = await startTestPacs(path.join(folder, 'alive'));
    const place = { aeTitle: 'PACS', host: '127.0.0.1' };
    await using node = await startNodeProcess(folder, {
      destinations: [
        { ...place, name: 'silent', port: (silent.address() as net.AddressInfo).port },
        { ...place, name: 'alive', port: alive.port },
      ],
    });
    try {
      await sendFiles(sampleFiles(), node.port);
      await until(() => open.size === 1, node);
      const [hanging] = open;
      await sendFiles(await anotherSeries(path.join(folder, 'another')), node.port);
      await until(() => reportsIn(alive).length === 2, node);
      expect(open.has(hanging!), 'the first delivery has not ended').to.equal(true);
    } finally {
      for (const socket of open) socket.destroy();
      silent.close();
    }
  });

  async function until(done: () => boolean, node: { log(): string }): Promise<void> {
    await untilTrue(done, 50_000, () => node.log());
  }
});

/** The sample once more, as another scan of another patient. */
async function anotherSeries(folder: string): Promise<readonly string[]> {
  const slices = await sampleDatasets();
  return await writeDatasets(
    slices.map((slice, index) => ({
      ...slice,
      PatientID: 'ANOTHER',
      StudyInstanceUID: '2.25.810',
      SeriesInstanceUID: '2.25.811',
      FrameOfReferenceUID: '2.25.812',
      SOPInstanceUID: `2.25.8130${index}`,
    })),
    folder,
  );
}
