import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { commitmentReported } from '../../src/delivery/index.ts';
import { startReceiver } from '../../src/network/index.ts';
import { deliverAnalysed, destinationAt, type Analysed } from '../support/analysed.ts';
import { freePort, untilTrue } from '../support/node-process.ts';
import { startPickyPacs, type Habits, type PickyPacs } from '../support/picky-pacs.ts';
import { receiverOptions } from '../support/test-pacs.ts';

describe('storage commitment', function () {
  this.timeout(40_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'willis-commit-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A node that delivers five results to a PACS and listens for its reports. */
  async function withPacs(
    keeps: NonNullable<Habits['commit']>['keeps'],
    changes: object,
    work: (node: Analysed, pacs: PickyPacs) => Promise<void>,
  ): Promise<void> {
    const reportPort = await freePort();
    using pacs = await startPickyPacs({ commit: { reportPort: () => reportPort, keeps } });
    const destination = destinationAt(pacs.port, { commitment: true, ...changes });
    const made = [
      ['summary', 1],
      ['heatmap', 3],
      ['sr', 1],
    ] as const;
    await using node = await deliverAnalysed(folder, made, [destination]);
    await using _receiver = await startReceiver(receiverOptions({ port: reportPort }), {
      allocate: () => path.join(folder, 'none'),
      admit: () => ({ kind: 'accept' }),
      commit: async () => await Promise.resolve(0xa700),
      associationClosed: () => undefined,
      reported: async (report) => await commitmentReported(node.database, report, node.options),
    });
    await work(node, pacs);
  }

  const committed = async (node: Analysed): Promise<number> => {
    const rows = await node.database.selectFrom('delivered').select('committed_at').execute();
    return rows.filter((row) => row.committed_at !== null).length;
  };
  const told = (node: Analysed, event: string): boolean => node.events.some((one) => one.event === event);

  it('asked after delivery, given on an association of the PACS, kept in the index', async () => {
    await withPacs(
      (_request, uids) => uids,
      {},
      async (node, pacs) => {
        await untilTrue(
          () => told(node, 'committed'),
          15_000,
          () => JSON.stringify(node.events),
        );
        expect(await committed(node)).to.equal(5);
        expect(pacs.commitments.map(({ sopInstanceUids }) => sopInstanceUids.length)).to.deep.equal([5]);
        await untilTrue(
          () => pacs.reportAnswers.length > 0,
          5000,
          () => 'the report was not answered',
        );
        expect(pacs.reportAnswers).to.deep.equal([0]);
        expect(pacs.stored).to.have.length(5);
        const [row] = await node.database.selectFrom('commitment').selectAll().execute();
        expect(row).to.include({ state: 'reported', transaction_uid: pacs.commitments[0]!.transactionUid });
      },
    );
  });

  it('failed for two results: these are sent again and asked for again under a new Transaction UID', async () => {
    await withPacs(
      (request, uids) => (request === 1 ? uids.slice(0, 3) : uids),
      {},
      async (node, pacs) => {
        await untilTrue(
          () => told(node, 'committed'),
          20_000,
          () => JSON.stringify(node.events),
        );
        const [first, second] = pacs.commitments;
        expect(second!.sopInstanceUids).to.have.members(first!.sopInstanceUids.slice(3));
        expect(second!.transactionUid).to.not.equal(first!.transactionUid);
        expect(pacs.stored.map((one) => one.sopInstanceUid).slice(5)).to.have.members(
          second!.sopInstanceUids,
        );
        expect(await committed(node)).to.equal(5);
        expect(node.events.find(({ event }) => event === 'notCommitted')).to.deep.include({
          instances: 2,
          why: 'no such object instance (0112H)',
        });
      },
    );
  });

  it('no report: everything is sent again and asked for again; the late report of the first try still counts', async () => {
    await withPacs(
      (request, uids) => (request === 1 ? null : uids),
      { commitmentTimeoutSeconds: 1 },
      async (node, pacs) => {
        await untilTrue(
          () => told(node, 'committed'),
          20_000,
          () => JSON.stringify(node.events),
        );
        expect(pacs.stored).to.have.length(10);
        expect(new Set(pacs.stored.map((one) => one.sopInstanceUid)).size).to.equal(5);
        const states = await node.database
          .selectFrom('commitment')
          .select('state')
          .orderBy('attempt')
          .execute();
        expect(states.map(({ state }) => state)).to.deep.equal(['expired', 'reported']);
        await pacs.report(pacs.commitments[0]!.transactionUid, pacs.commitments[0]!.sopInstanceUids, []);
        expect(pacs.reportAnswers.at(-1)).to.equal(0);
      },
    );
  });

  it('a report of no transaction of ours changes nothing and is refused', async () => {
    await withPacs(
      (_request, uids) => uids,
      {},
      async (node, pacs) => {
        await untilTrue(
          () => told(node, 'committed'),
          15_000,
          () => JSON.stringify(node.events),
        );
        await pacs.report(
          '1.2.3.999',
          [],
          pacs.stored.map((one) => one.sopInstanceUid),
        );
        expect(pacs.reportAnswers.at(-1)).to.equal(0x0112);
        expect(await committed(node)).to.equal(5);
      },
    );
  });

  it('never given: ends, visibly, after eight tries, each with its own Transaction UID', async () => {
    await withPacs(
      () => [],
      { firstRetrySeconds: 0.05, longestRetrySeconds: 0.05, results: ['sr'] },
      async (node, pacs) => {
        const clock = setInterval(() => {
          // the growing waits between tries are not what is tested here
          void node.database
            .updateTable('job')
            .set({ due_at: 0 })
            .where('kind', '=', 'deliver:pacs')
            .where('state', '=', 'available')
            .execute();
        }, 100);
        const givenUp = (): boolean =>
          node.events.some(
            (one) =>
              /COMMITMENT_NOT_GIVEN|not take responsibility/.test(String(one['why'])) &&
              one['next'] === 'dead',
          );
        await untilTrue(givenUp, 30_000, () => JSON.stringify(node.events)).finally(() =>
          clearInterval(clock),
        );
        expect(pacs.commitments).to.have.length(8);
        expect(new Set(pacs.commitments.map((one) => one.transactionUid)).size).to.equal(8);
      },
    );
  });
});
