import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { followUp } from '../support/follow-up.ts';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { sampleFiles, sampleTruth, writeDatasets } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: an aneurysm that grows', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-growth-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is told with both diameters, however the head lies; the other one is unchanged', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    const results = ['summary', 'sr'];
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port, results }];
    await using node = await startNodeProcess(folder, { destinations });
    await sendFiles(sampleFiles(), node.port);
    await untilTrue(
      () => reportsIn(pacs).length === 1 && /results stored by the destination/.test(node.log()),
      90_000,
      () => node.log().slice(-3000),
    );
    const [before] = reportsIn(pacs);
    const grown = { centreLpsMm: sampleTruth().aneurysms[0]!.centreLpsMm, diameterMm: 10 };
    const now = await followUp({
      ...{ uid: '2.25.500', studyDate: '20270930', grown },
      degrees: [6, -4, 5],
      shiftMm: [4, -3, 3],
    });
    await sendFiles(await writeDatasets(now, path.join(folder, 'now')), node.port);
    await untilTrue(
      () => reportsIn(pacs).length === 2,
      120_000,
      () => node.log().slice(-3000),
    );
    const report = reportsIn(pacs).find(({ sopInstanceUid }) => sopInstanceUid !== before!.sopInstanceUid)!;
    expect(report.comments.join('\n')).to.match(
      /Compared with the study of \d{8}, registered rigidly by the arteries \(agreement 0\.\d+, correlation 0\.9\d\)/,
    );
    const [acom, carotid] = [...report.growth].sort((a, b) => b.nowMm - a.nowMm);
    expect(acom!.change).to.equal(increase);
    expect(acom!.nowMm - acom!.thenMm).to.be.within(2, 6);
    expect(carotid!.change).to.equal(noSignificantChange);
    expect(Math.abs(carotid!.nowMm - carotid!.thenMm)).to.be.below(1.6);
    const former = report.attributes.items('PertinentOtherEvidenceSequence');
    expect(former.map((study) => study.text('StudyInstanceUID'))).to.deep.equal([
      before!.attributes.text('StudyInstanceUID'),
    ]);
  });
});

/** CID 6134. */
const [increase, noSignificantChange] = ['15454001', '129723006'];
