import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Database } from '../../src/archive/index.ts';
import { enqueueDeliveries } from '../../src/delivery/index.ts';
import { deliverAnalysed, destinationAt, type Analysed } from '../support/analysed.ts';
import { untilTrue } from '../support/node-process.ts';
import { startPickyPacs } from '../support/picky-pacs.ts';

describe('delivery of a result that was replaced', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'willis-superseded-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A newer analysis of the same series, on its way to the same destination. */
  async function replace(database: Database, state: 'no-findings' | 'not-analysed'): Promise<void> {
    const { id: _, ...first } = await database.selectFrom('analysis').selectAll().executeTakeFirstOrThrow();
    await database.transaction().execute(async (transaction) => {
      const newer = await transaction
        .insertInto('analysis')
        .values({ ...first, input_sha256: '22', supersedes_id: 1, state, folder: 'results/2' })
        .returning('id')
        .executeTakeFirstOrThrow();
      await enqueueDeliveries(transaction, newer.id, ['pacs'], { now: Date.now() });
    });
  }
  const tried = async (node: Analysed): Promise<void> =>
    await untilTrue(
      () => node.events.some((told) => (told as { event: string }).event === 'failed'),
      10_000,
      () => JSON.stringify(node.events),
    );
  const jobOf = async (node: Analysed, key: string): Promise<string | undefined> =>
    (await node.database.selectFrom('job').select('state').where('key', '=', key).executeTakeFirst())?.state;

  it('ends without a word to the PACS, of which nothing had come there; the index and the log say so', async () => {
    let isDown = true;
    using pacs = await startPickyPacs({ status: () => (isDown ? 0xa700 : 0) });
    await using node = await deliverAnalysed(folder, [['summary', 1]], [destinationAt(pacs.port)]);
    await tried(node);
    await replace(node.database, 'no-findings');
    await untilTrue(
      () => node.events.some(({ event }) => event === 'superseded'),
      10_000,
      () => JSON.stringify(node.events),
    );
    isDown = false;
    expect(await jobOf(node, 'deliver:pacs:1')).to.equal('done');
    expect(await node.database.selectFrom('superseded_delivery').selectAll().execute()).to.have.length(1);
    expect(pacs.stored).to.deep.equal([]);
  });

  it('goes where somebody asked for this very result', async () => {
    let isDown = true;
    using pacs = await startPickyPacs({ status: () => (isDown ? 0xa700 : 0) });
    await using node = await deliverAnalysed(folder, [['summary', 1]], [destinationAt(pacs.port)]);
    await tried(node);
    await node.database
      .transaction()
      .execute(
        async (transaction) =>
          await enqueueDeliveries(transaction, 1, ['pacs'], { now: Date.now(), thoughReplaced: true }),
      );
    await replace(node.database, 'no-findings');
    isDown = false;
    await untilTrue(
      () => pacs.stored.length === 1,
      10_000,
      () => JSON.stringify(node.events),
    );
  });

  it('goes on where the PACS has a part of it', async () => {
    let refused = 1;
    using pacs = await startPickyPacs({
      status: () => (pacs.stored.length > 0 && (refused -= 1) >= 0 ? 0xa700 : 0),
    });
    const made = [
      ['summary', 1],
      ['heatmap', 2],
    ] as const;
    await using node = await deliverAnalysed(folder, made, [destinationAt(pacs.port)]);
    await tried(node);
    await replace(node.database, 'no-findings');
    await untilTrue(
      () => pacs.stored.length === 3,
      10_000,
      () => JSON.stringify(node.events),
    );
    expect(node.events.some(({ event }) => event === 'superseded')).to.equal(false);
  });

  it('goes, where it found something that its replacement, not analysed, does not tell', async () => {
    let isDown = true;
    using pacs = await startPickyPacs({ status: () => (isDown ? 0xa700 : 0) });
    await using node = await deliverAnalysed(folder, [['summary', 1]], [destinationAt(pacs.port)]);
    await tried(node);
    await node.database.updateTable('analysis').set({ state: 'findings' }).execute();
    await replace(node.database, 'not-analysed');
    isDown = false;
    await untilTrue(
      () => pacs.stored.length === 1,
      10_000,
      () => JSON.stringify(node.events),
    );
  });
});
