import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { freePort, startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: a PACS that is down', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-pacs-down-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gets its results by itself when it comes back; the other destination never waited, a refusing one is never "sent"', async () => {
    const port = await freePort();
    await using alive = await startTestPacs(path.join(folder, 'alive'));
    await using refusing = await startTestPacs(path.join(folder, 'refusing'), 0, 0xa700);
    const patience = { aeTitle: 'PACS', host: '127.0.0.1', firstRetrySeconds: 0.5, longestRetrySeconds: 1 };
    const destinations = [
      { name: 'down', port, ...patience },
      { name: 'refusing', port: refusing.port, ...patience },
      { name: 'alive', port: alive.port, ...patience },
    ];
    await using node = await startNodeProcess(folder, { destinations });
    await sendFiles(sampleFiles(), node.port);
    await untilTrue(
      () => alive.instances.size === 92,
      60_000,
      () => node.log(),
    );
    await untilTrue(
      () => /"deliver:down:1".*PEER_UNREACHABLE/.test(node.log()),
      20_000,
      () => node.log(),
    );
    await untilTrue(
      () => /"deliver:refusing:1".*took 0 of 92 results.*A700H/.test(node.log()),
      20_000,
      () => node.log(),
    );
    await node.kill();
    await node.start();
    await using back = await startTestPacs(path.join(folder, 'back'), port);
    await untilTrue(
      () => back.instances.size === 92,
      30_000,
      () => node.log(),
    );
    expect([...back.instances.keys()].sort()).to.deep.equal([...alive.instances.keys()].sort());
    expect(reportsIn(back)).to.have.length(1);
  });
});
