import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startNodeProcess, untilTrue } from '../support/node-process.ts';
import { headCtDatasets, headCtFiles, writeDatasets } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

describe('journey: a head CT', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-head-ct-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('sent to a node with the shipped rules comes back as summary, curve, a heatmap a slice and a report of haemorrhage', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs'));
    const results = ['summary', 'heatmap', 'curve', 'sr'];
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port, results }];
    await using node = await startNodeProcess(folder, { destinations });
    await sendFiles(headCtFiles(), node.port);
    await untilTrue(
      () => pacs.instances.size >= 1 + headCtFiles().length + 1 + 1,
      120_000,
      () => `no results:\n${node.log().slice(-3000)}`,
    );
    const [report] = reportsIn(pacs);
    // CID 6047: All algorithms succeeded; with findings
    expect(report!.summaryCode).to.equal('111242');
    const state = report!.comments.find((words) => words.startsWith('FINDINGS'));
    expect(state).to.match(/ suspected haemorrhages?\. .* TRIAGE: urgent, read this study first\./);
    const texts = JSON.stringify(report!.comments);
    expect(texts).to.match(/not for clinical use/i);
  });

  it('that no rule takes leaves its trace in the PACS, where one is named for that', async () => {
    await using pacs = await startTestPacs(path.join(folder, 'pacs of the unmatched'));
    const destinations = [{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port }];
    const changes = { destinations, unmatched: { sendTo: ['pacs'] } };
    await using node = await startNodeProcess(path.join(folder, 'unmatched'), changes);
    const derived = (await headCtDatasets()).slice(0, 6).map((slice) => ({
      ...slice,
      ImageType: ['DERIVED', 'PRIMARY', 'AXIAL'],
    }));
    await sendFiles(await writeDatasets(derived, path.join(folder, 'derived')), node.port);
    await untilTrue(
      () => reportsIn(pacs).length > 0,
      40_000,
      () => `no report:\n${node.log().slice(-3000)}`,
    );
    expect(reportsIn(pacs)[0]!.comments[0]).to.match(
      /^NOT ANALYSED\. NO_RULE_MATCHED: No rule takes this series\./,
    );
    expect(reportsIn(pacs)[0]!.comments[0]).to.match(/DERIVED/);
  });
});
