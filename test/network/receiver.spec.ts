import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { associateRequest } from '../../src/network/association-request.ts';
import { storeRequest } from '../../src/network/command.ts';
import { encodeDataset, type Dataset } from '../../src/dicom/index.ts';
import { commandPdu, dataHeader } from '../../src/network/pdu-writer.ts';
import { openAssociation } from '../../src/network/requestor.ts';
import { eventReportRequest } from '../support/picky-pacs.ts';
import {
  sendInstances,
  startReceiver,
  verify,
  type CommitmentReport,
  type Receiver,
} from '../../src/network/index.ts';
import type { AssociationSummary, ReceiverPort } from '../../src/network/types.ts';
import { sampleFiles } from '../support/sample.ts';
import { sendFiles } from '../support/study.ts';
import { receiverOptions } from '../support/test-pacs.ts';
import { untilTrue } from '../support/node-process.ts';

const mr = '1.2.840.10008.5.1.4.1.1.4';
const explicit = '1.2.840.10008.1.2.1';

describe('receiver', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-receiver-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const ended: AssociationSummary[] = [];
  let number = 0;
  const port: ReceiverPort = {
    allocate: () => path.join(folder, `${(number += 1)}.dcm`),
    admit: () => ({ kind: 'accept' }),
    commit: async () => await Promise.resolve(0),
    associationClosed: (summary) => ended.push(summary),
  };
  const impatient = { associationTimeoutSeconds: 1, idleTimeoutSeconds: 1, pduTimeoutSeconds: 1 };

  async function withReceiver(
    changes: object,
    work: (receiver: Receiver) => Promise<void>,
    over: Partial<ReceiverPort> = {},
  ): Promise<void> {
    await using receiver = await startReceiver(receiverOptions({ ...impatient, ...changes }), {
      ...port,
      ...over,
    });
    await work(receiver);
    // whatever was done to it, it still answers
    const report = await verify(
      { aeTitle: 'WILLIS', host: '127.0.0.1', port: receiver.port },
      { callingAeTitle: 'TEST' },
    );
    expect(report.lines.at(-1)).to.match(/succeeded/);
  }

  async function answerTo(receiver: Receiver, ...sent: readonly Buffer[]): Promise<Buffer> {
    const socket = net.connect(receiver.port, '127.0.0.1');
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const bytes of sent) {
      socket.write(bytes);
      await sleep(50);
    }
    await Promise.race([
      closed,
      sleep(4000).then(() => Promise.reject(new Error('the connection was kept open'))),
    ]);
    return Buffer.concat(got);
  }

  const request = (called = 'WILLIS'): Buffer =>
    associateRequest(
      { called, calling: 'TEST' },
      [{ id: 1, abstractSyntaxUid: mr, transferSyntaxUid: explicit }],
      16_384,
    );
  const store = commandPdu(1, storeRequest({ messageId: 1, sopClassUid: mr, sopInstanceUid: '1.2.3' }));

  it('closes on garbage, huge lengths, data before an association, and a second request', async () => {
    await withReceiver({}, async (receiver) => {
      const twice = Buffer.concat([request(), request()]);
      for (const bytes of [
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.from([1, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0]),
        store,
        twice,
      ]) {
        const reply = await answerTo(receiver, bytes);
        expect(reply.subarray(-10)[0], 'A-ABORT').to.equal(7);
      }
    });
  });

  it('cuts off who is silent, stalls in the middle of an object, or sends it too slowly', async () => {
    await withReceiver({ minimumRateBytesPerSecond: 100_000 }, async (receiver) => {
      const part = Buffer.concat([
        dataHeader(1, 5000, { isCommand: false, isLast: false }),
        Buffer.alloc(100),
      ]);
      await Promise.all([
        answerTo(receiver),
        answerTo(receiver, request()),
        answerTo(receiver, request(), store, part),
      ]);
      expect(ended.map((one) => one.ending)).to.include('timed-out');
    });
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('names the reason when it refuses an association, and refuses for the time being under pressure', async () => {
    const message = async (work: Promise<unknown>): Promise<string> =>
      await work.then(
        () => 'accepted',
        (error: unknown) => (error as Error).message,
      );
    await withReceiver({}, async (receiver) => {
      const wrong = { aeTitle: 'WRONG', host: '127.0.0.1', port: receiver.port };
      expect(await message(verify(wrong, { callingAeTitle: 'TEST' }))).to.match(
        /for good: it is not called by the AE title we used/,
      );
      expect(ended.at(-1)!.text).to.match(/called us "WRONG", our AE title is "WILLIS"/);
    });
    const known = [
      ...[{ aeTitle: 'CT1' }, { aeTitle: 'MR1', host: '10.9.9.9' }, { aeTitle: 'TEST' }],
      ...[{ aeTitle: 'MR2', host: '::ffff:127.0.0.1' }],
    ];
    await withReceiver({ callers: known }, async (receiver) => {
      const us = { aeTitle: 'WILLIS', host: '127.0.0.1', port: receiver.port };
      expect(await message(verify(us, { callingAeTitle: 'STRANGER' }))).to.match(
        /does not know our AE title/,
      );
      expect(await message(verify(us, { callingAeTitle: 'MR1' }))).to.match(/does not know our AE title/);
      expect(await message(verify(us, { callingAeTitle: 'CT1' }))).to.equal('accepted');
      expect(await message(verify(us, { callingAeTitle: 'MR2' }))).to.equal('accepted');
    });
    let busy = true;
    await withReceiver(
      {},
      async (receiver) => {
        const us = { aeTitle: 'WILLIS', host: '127.0.0.1', port: receiver.port };
        expect(await message(verify(us, { callingAeTitle: 'TEST' }))).to.match(
          /for now: temporary congestion/,
        );
        busy = false;
      },
      { admit: () => (busy ? { kind: 'busy', why: 'no room' } : { kind: 'accept' }) },
    );
  });

  it('is not harmed by 100 idle connections', async () => {
    await withReceiver({ associationTimeoutSeconds: 3 }, async (receiver) => {
      const idle = Array.from({ length: 100 }, () =>
        net.connect(receiver.port, '127.0.0.1').on('error', () => undefined),
      );
      await sleep(200);
      const outcomes = await sendFiles(sampleFiles().slice(0, 20), receiver.port);
      expect(outcomes.every((outcome) => outcome.kind === 'stored')).to.equal(true);
      for (const socket of idle) socket.destroy();
    });
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
  });

  it('drops an object that is aborted on its way and leaves no file', async () => {
    await withReceiver({}, async (receiver) => {
      const part = Buffer.concat([
        dataHeader(1, 5000, { isCommand: false, isLast: false }),
        Buffer.alloc(5000),
      ]);
      await answerTo(receiver, request(), store, part, Buffer.from([7, 0, 0, 0, 0, 4, 0, 0, 0, 0]));
      // the file made ahead for the next object is empty
      const begun = (): string[] =>
        readdirSync(folder).filter((name) => statSync(path.join(folder, name)).size > 0);
      await untilTrue(
        () => begun().length === 0,
        2000,
        () => begun().join(),
      );
      const told = ended.find(({ ending }) => ending === 'aborted')?.missing;
      expect(told?.map(({ sopClassUid }) => sopClassUid)).to.deep.equal([mr]);
    });
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('answers A700H when the disk gives no file, and the association goes on', async () => {
    let allocations = 0;
    await withReceiver(
      {},
      async (receiver) => {
        const outcomes = await sendFiles(sampleFiles().slice(0, 3), receiver.port);
        expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(['refused', 'stored', 'stored']);
        expect(outcomes[0]).to.include({ status: 0xa700 });
      },
      {
        allocate: () => ((allocations += 1) === 1 ? path.join(folder, 'missing', 'a.dcm') : port.allocate()),
      },
    );
  });

  it('stores what a peer sends byte for byte, in the transfer syntax it was sent in', async () => {
    const kept: string[] = [];
    await withReceiver(
      {},
      async (receiver) => {
        await sendFiles(sampleFiles().slice(0, 2), receiver.port);
      },
      {
        commit: async (received) => {
          kept.push(received.path);
          return await Promise.resolve(0);
        },
      },
    );
    const dataset = (file: string): Buffer => {
      const bytes = readFileSync(file);
      return bytes.subarray(144 + bytes.readUInt32LE(140));
    };
    expect(
      kept.map((file) => dataset(file).equals(dataset(sampleFiles()[kept.indexOf(file)]!))),
    ).to.deep.equal([true, true]);
  });

  it('tells a sender which instance was not taken and why', async () => {
    await withReceiver({}, async (receiver) => {
      const good = sampleFiles()[0]!;
      const us = { aeTitle: 'WILLIS', host: '127.0.0.1', port: receiver.port };
      const instances = [
        {
          path: good,
          sopClassUid: '1.2.840.10008.5.1.4.1.2.2.1',
          sopInstanceUid: '1.2',
          transferSyntaxUid: explicit,
        },
      ];
      const [outcome] = await sendInstances(us, instances, { callingAeTitle: 'TEST' });
      expect(outcome)
        .to.include({ kind: 'not-sent' })
        .and.have.property('text')
        .that.matches(/SOP class not supported/);
    });
  });

  describe('storage commitment reports', () => {
    const commitment = '1.2.840.10008.1.20.1';
    const context = { id: 1, abstractSyntaxUid: commitment, transferSyntaxUid: explicit };

    async function reporting(
      dataset: Buffer,
      over: Partial<ReceiverPort>,
      sopClass = commitment,
    ): Promise<number | undefined> {
      let status: number | undefined;
      await withReceiver(
        {},
        async (receiver) => {
          const us = { aeTitle: 'WILLIS', host: '127.0.0.1', port: receiver.port };
          await using association = await openAssociation(us, [context], { callingAeTitle: 'PACS' });
          await association.writeMessage(1, eventReportRequest(1, sopClass), dataset);
          status = (await association.nextResponse()).status;
        },
        over,
      );
      return status;
    }

    it('reach the node; what cannot be read, kept or placed gets its status and harms nobody', async () => {
      const reports: CommitmentReport[] = [];
      const reported = async (report: CommitmentReport): Promise<number> => {
        reports.push(report);
        return await Promise.resolve(0);
      };
      const item = (uid: string): Dataset => ({ ReferencedSOPClassUID: mr, ReferencedSOPInstanceUID: uid });
      const good = encodeDataset({
        TransactionUID: '1.2.9',
        ReferencedSOPSequence: [item('1.2.1')],
        FailedSOPSequence: [{ ...item('1.2.2'), FailureReason: 0x0213 }],
      });
      expect(await reporting(good, { reported })).to.equal(0);
      expect(reports).to.deep.equal([
        {
          transactionUid: '1.2.9',
          committed: ['1.2.1'],
          failed: [{ sopInstanceUid: '1.2.2', reason: 0x0213 }],
        },
      ]);
      expect(await reporting(good, {}), 'nobody takes reports').to.equal(0x0110);
      expect(await reporting(good, { reported }, mr), 'another SOP class').to.equal(0x0118);
      expect(await reporting(encodeDataset({ ReferencedSOPSequence: [] }), { reported })).to.equal(0x0115);
      expect(await reporting(Buffer.from('garbage, not a data set'), { reported })).to.be.oneOf([
        0x0110, 0x0115,
      ]);
      const broken = async (): Promise<number> => await Promise.reject(new Error('disk'));
      expect(await reporting(good, { reported: broken })).to.equal(0x0110);
    });

    it('of any size do not fill the memory', async () => {
      const lost = await reporting(Buffer.alloc(5 << 20), {}).then(
        () => 'answered',
        (error: unknown) => (error as { code: string }).code,
      );
      expect(lost).to.equal('ASSOCIATION_LOST');
    });
  });
});
