import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import {
  enhancedSample,
  sampleDatasets,
  sampleFiles,
  sampleTruth,
  writeDatasets,
} from '../support/sample.ts';
import { readReport, reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs, type TestPacs } from '../support/test-pacs.ts';

const expectedObjects = 92;

describe('journey: the same series, sent many ways', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-same-series-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A fresh node and PACS; what the PACS holds once the results have arrived. */
  async function run(
    name: string,
    send: (port: number) => Promise<unknown>,
  ): Promise<{ uids: readonly string[]; centres: readonly (readonly number[])[]; pacs: TestPacs }> {
    const home = path.join(folder, name);
    await using pacs = await startTestPacs(path.join(home, 'pacs'));
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }];
    await using node = await startNodeProcess(home, { destinations });
    await send(node.port);
    await untilTrue(
      () => pacs.instances.size >= expectedObjects,
      60_000,
      () => `no results:\n${node.log()}`,
    );
    const [report] = reportsIn(pacs);
    return { uids: [...pacs.instances.keys()].sort(), centres: report!.centres, pacs };
  }

  it('gives the same findings and the same result UIDs', async () => {
    const plain = await run('plain', async (port) => await sendFiles(sampleFiles(), port));
    for (const { centreLpsMm } of sampleTruth().aneurysms) {
      const nearest = Math.min(
        ...plain.centres.map((centre) => Math.hypot(...centre.map((v, axis) => v - centreLpsMm[axis]!))),
      );
      expect(nearest).to.be.lessThan(2);
    }
    const ways: Readonly<Record<string, (port: number) => Promise<unknown>>> = {
      shuffled: async (port) =>
        await sendFiles(
          [...sampleFiles()].sort((a, b) => a.slice(-5).localeCompare(b.slice(-5))),
          port,
        ),
      twice: async (port) => {
        await sendFiles(sampleFiles(), port);
        await sendFiles(sampleFiles(), port);
      },
      'over two associations at once': async (port) => {
        const files = sampleFiles();
        await Promise.all([
          sendFiles(files.slice(0, 40), port, 'ONE'),
          sendFiles(files.slice(40), port, 'TWO'),
        ]);
      },
      uncompressed: async (port) =>
        await sendFiles(await writeDatasets(await sampleDatasets(), path.join(folder, 'raw')), port),
      'enhanced multi-frame': async (port) =>
        await sendFiles(await writeDatasets([await enhancedSample()], path.join(folder, 'enhanced')), port),
    };
    for (const [name, send] of Object.entries(ways)) {
      const got = await run(name.replaceAll(' ', '-'), send);
      expect(got.uids, name).to.deep.equal(plain.uids);
      expect(got.centres, name).to.deep.equal(plain.centres);
      expect(got.pacs.arrivals.length, `${name}: one result set`).to.equal(expectedObjects);
    }
  });

  it('is analysed once when the converted copy follows the original', async () => {
    const home = path.join(folder, 'both');
    await using pacs = await startTestPacs(path.join(home, 'pacs'));
    await using node = await startNodeProcess(home, {
      destinations: [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }],
    });
    await sendFiles(sampleFiles(), node.port);
    await untilTrue(
      () => pacs.instances.size >= expectedObjects,
      60_000,
      () => node.log(),
    );
    await sendFiles(await writeDatasets([await enhancedSample()], path.join(home, 'enhanced')), node.port);
    await untilTrue(
      () => node.log().split('series complete, analysis queued').length === 3,
      20_000,
      () => node.log(),
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(pacs.arrivals.length).to.equal(expectedObjects);
    expect(
      readReport([...pacs.instances.values()].find((one) => one.sopClassUid.endsWith('88.34'))!.path)
        .summaryCode,
    ).to.equal('111242');
  });
});
