import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleDatasets, writeDatasets } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: a disk that fills up', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-disk-full-'));
  const disk = path.join(folder, 'disk');

  before(function () {
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      if (process.env['CI'] === 'true') throw new Error('CI must be able to mount a small disk');
      console.log('      skipped: mounting a small disk needs root');
      this.skip();
    }
  });

  after(() => {
    execFileSync('umount', ['-l', disk], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses for the time being, loses nothing, and goes on when there is room', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }];
    await using node = await startNodeProcess(folder, {
      destinations,
      dataDir: path.join(disk, 'data'),
      minimumFreeMegabytes: 3,
      // refused images are waited for, so the incomplete series is not judged in between
      series: { quietPeriodSeconds: 120 },
    });
    const files = await writeDatasets(await sampleDatasets(), path.join(folder, 'raw'));
    const ballast = path.join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(50e6));

    const first = await sendFiles(files, node.port);
    const stored = first.filter((outcome) => outcome.kind === 'stored').length;
    expect(stored).to.be.greaterThan(0).and.lessThan(files.length);
    expect(
      first.filter((outcome) => outcome.kind === 'refused').every((outcome) => outcome.status === 0xa700),
    ).to.equal(true);
    const rejected = await sendFiles(files, node.port).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
    expect(rejected).to.match(/for now: temporary congestion/);
    await untilTrue(
      () => node.log().includes('MB of disk are free'),
      5000,
      () => node.log(),
    );

    rmSync(ballast);
    const again = await sendFiles(files, node.port);
    expect(again.every((outcome) => outcome.kind === 'stored')).to.equal(true);
    await untilTrue(
      () => pacs.instances.size === 92 || /ENOSPC|no space/i.test(node.log().slice(-500)),
      60_000,
      () => node.log(),
    );
  });
});
