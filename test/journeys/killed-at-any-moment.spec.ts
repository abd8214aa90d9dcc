import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import SqliteDatabase from 'better-sqlite3';
import { startNodeProcess, untilTrue, type NodeProcess } from '../support/node-process.ts';
import { sampleFiles } from '../support/sample.ts';
import { reportsIn, sendFiles } from '../support/study.ts';
import { startTestPacs } from '../support/test-pacs.ts';

const rounds = 5;
const killsARound = 10;
const expectedObjects = 92;

/** Moments spread over receive (first second), assembly, analysis and delivery; a fixed seed, so that a failure comes again. */
function moments(seed: number): readonly number[] {
  let state = seed;
  return Array.from({ length: killsARound }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const share = state / 2_147_483_648;
    return share < 0.5 ? Math.round(share * 1200) : Math.round((share - 0.5) * 12_000);
  });
}

describe(`journey: killed at ${rounds * killsARound} moments of receive, analyse and deliver`, function () {
  this.timeout(900_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-killed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (let round = 0; round < rounds; round += 1) {
    it(`loses nothing it acknowledged and delivers one result set (round ${round + 1})`, async () => {
      const home = path.join(folder, String(round));
      await using pacs = await startTestPacs(path.join(home, 'pacs'));
      const destinations = [
        {
          name: 'pacs',
          aeTitle: 'PACS',
          host: '127.0.0.1',
          port: pacs.port,
          firstRetrySeconds: 0.2,
          longestRetrySeconds: 1,
        },
      ];
      await using node = await startNodeProcess(home, { destinations });
      const acknowledged = new Map<string, string>();
      for (const moment of moments(round + 1)) {
        const sending = sendMissing(node, acknowledged);
        await sleep(moment);
        await node.kill();
        await sending;
        for (const uid of acknowledged.values())
          expect(indexed(node).has(uid), `acknowledged ${uid} is in the index`).to.equal(true);
        await node.start();
      }
      await sendMissing(node, acknowledged);
      expect(acknowledged.size).to.equal(sampleFiles().length);
      await untilTrue(
        () => pacs.instances.size >= expectedObjects,
        90_000,
        () => `${pacs.instances.size} results:\n${node.log().slice(-3000)}`,
      );
      await sleep(1500);
      expect(finalSets(pacs)).to.deep.equal({ objects: expectedObjects, reports: 1 });
    });
  }
});

/** The scanner's part: it sends again what was not acknowledged. */
async function sendMissing(node: NodeProcess, acknowledged: Map<string, string>): Promise<void> {
  const left = sampleFiles().filter((file) => !acknowledged.has(file));
  if (left.length === 0) return;
  try {
    const outcomes = await sendFiles(left, node.port);
    outcomes.forEach((outcome, index) => {
      if (outcome.kind === 'stored') acknowledged.set(left[index]!, outcome.sopInstanceUid);
    });
  } catch (error) {
    // the node was killed before the association came about: nothing was acknowledged
    expect((error as { code?: string }).code).to.be.oneOf(['PEER_UNREACHABLE', 'ASSOCIATION_LOST']);
  }
}

function indexed(node: NodeProcess): ReadonlySet<string> {
  const database = new SqliteDatabase(path.join(node.dataDir, 'index.sqlite'), { readonly: true });
  const rows = database.prepare('SELECT sop_instance_uid FROM instance').all() as {
    sop_instance_uid: string;
  }[];
  database.close();
  return new Set(rows.map((row) => row.sop_instance_uid));
}

function finalSets(pacs: Parameters<typeof reportsIn>[0]): { objects: number; reports: number } {
  return { objects: pacs.instances.size, reports: reportsIn(pacs).length };
}
