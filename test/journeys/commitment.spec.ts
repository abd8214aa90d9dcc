import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { freePort, startNodeProcess, untilTrue, type NodeProcess } from '../support/node-process.ts';
import { startPickyPacs } from '../support/picky-pacs.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';

const sr3d = '1.2.840.10008.5.1.4.1.1.88.34';

describe('journey: a node that dies between storage commitment request and report', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-commitment-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('takes the report after its restart, loses nothing, and says in the log what the PACS did not take', async () => {
    const port = await freePort();
    const died = Promise.withResolvers<undefined>();
    const held: { node?: NodeProcess } = {};
    using pacs = await startPickyPacs({
      accepts: (sopClass) => sopClass !== sr3d,
      commit: {
        reportPort: () => port,
        keeps: (request, uids) => {
          if (request > 1) return uids;
          // the node dies with the answer to its N-ACTION still on the wire
          void held.node!.kill().then(() => died.resolve(undefined));
          return null;
        },
      },
    });
    const destinations = [
      {
        ...{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port: pacs.port, commitment: true },
        ...{ results: ['heatmap', 'sr'], fallbacks: { sr: ['summary'] } },
        ...{ firstRetrySeconds: 0.2, longestRetrySeconds: 1, compression: 'rle' },
      },
    ];
    await using node = await startNodeProcess(folder, { port, destinations });
    held.node = node;
    await sendFiles(sampleFiles(), node.port);
    await died.promise;
    expect(node.log()).to.match(/does not take \\"sr\\", \\"summary\\" is sent instead/);
    await node.start();
    const [first] = pacs.commitments;
    await pacs.report(first!.transactionUid, first!.sopInstanceUids, []);
    expect(pacs.reportAnswers[0]).to.equal(0);
    await untilTrue(
      () => committed(node.dataDir).every((at) => at !== null),
      30_000,
      () => node.log().slice(-3000),
    );
    expect(node.log()).to.match(/the destination has taken responsibility for results/);
    expect(committed(node.dataDir)).to.have.length(91);
    expect(new Set(pacs.stored.map(({ sopInstanceUid }) => sopInstanceUid)).size).to.equal(91);
    expect(new Set(pacs.commitments.map(({ transactionUid }) => transactionUid)).size).to.equal(
      pacs.commitments.length,
    );
    expect(new Set(pacs.stored.map(({ transferSyntaxUid }) => transferSyntaxUid))).to.deep.equal(
      new Set(['1.2.840.10008.1.2.5']),
    );
  });
});

function committed(dataDir: string): readonly (number | null)[] {
  const database = new SqliteDatabase(path.join(dataDir, 'index.sqlite'), { readonly: true });
  const rows = database.prepare('SELECT committed_at FROM delivered').all() as {
    committed_at: number | null;
  }[];
  database.close();
  return rows.map((row) => row.committed_at);
}
