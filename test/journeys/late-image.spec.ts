import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: images that come late', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-late-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('reopen their series; the new report names the one it replaces', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    await using node = await startNodeProcess(folder, {
      destinations: [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }],
    });
    const files = sampleFiles();
    await sendFiles(files.slice(0, 80), node.port);
    await untilTrue(
      () => reportsIn(pacs).length === 1,
      40_000,
      () => node.log(),
    );
    const [first] = reportsIn(pacs);
    await sendFiles(files.slice(80), node.port);
    await untilTrue(
      () => reportsIn(pacs).length === 2,
      40_000,
      () => node.log(),
    );
    const second = reportsIn(pacs).find((report) => report.sopInstanceUid !== first!.sopInstanceUid)!;
    const predecessor = second.attributes
      .items('PredecessorDocumentsSequence')[0]
      ?.items('ReferencedSeriesSequence')[0]
      ?.items('ReferencedSOPSequence')[0];
    expect(predecessor?.text('ReferencedSOPInstanceUID')).to.equal(first!.sopInstanceUid);
    expect(second.comments.join()).to.match(/Completeness: 90 slices/);
  });
});
