import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { freePort, startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: the source of earlier studies is down', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-priors-down-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('the series is analysed and delivered all the same, and the log says what is missing', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }];
    const source = { aeTitle: 'ARCHIVE', host: '127.0.0.1', port: await freePort() };
    await using node = await startNodeProcess(folder, { destinations, priors: { source } });
    await sendFiles(sampleFiles(), node.port);
    await untilTrue(
      () => pacs.instances.size === 92 && /"job":"priors:1"/.test(node.log()),
      90_000,
      () => node.log().slice(-3000),
    );
    expect(node.log()).to.match(/"job":"priors:1".*PEER_UNREACHABLE: ARCHIVE/);
    expect(reportsIn(pacs)).to.have.length(1);
  });
});
