import { mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { deliverAnalysed, destinationAt, type Analysed } from '../support/analysed.ts';
import { untilTrue } from '../support/node-process.ts';
import { startPickyPacs } from '../support/picky-pacs.ts';

const made = [
  ['summary', 1],
  ['heatmap', 2],
  ['sr', 1],
] as const;

describe('notices after a delivery', function () {
  this.timeout(20_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'willis-notices-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const until = async (node: Analysed, event: string): Promise<void> =>
    await untilTrue(
      () => node.events.some((told) => told.event === event),
      10_000,
      () => JSON.stringify(node.events),
    );

  it('HL7: refused, unanswered and misanswered messages come again, the same one, until AA', async () => {
    const answers = [
      (id: string) => `MSA|AE|${id}`,
      () => 'MSA|AA|another',
      () => 'no acknowledgement at all',
      () => null,
      (id: string) => `MSA|AA|${id}`,
    ];
    await using receiver = await startMllp((id, count) => answers[count - 1]!(id));
    using pacs = await startPickyPacs({});
    const hl7 = {
      ...{ host: '127.0.0.1', port: receiver.port, sendingApplication: 'WILLIS', sendingFacility: '' },
      ...{ receivingApplication: 'RIS', receivingFacility: '' },
    };
    const destination = destinationAt(pacs.port, { hl7, firstRetrySeconds: 0.05, longestRetrySeconds: 0.1 });
    await using node = await deliverAnalysed(folder, made, [destination]);
    await until(node, 'notified');
    expect(receiver.messages).to.have.length(answers.length);
    expect(new Set(receiver.messages.map((message) => message.split('|')[9])).size).to.equal(1);
    expect(receiver.messages[0]).to.match(/^MSH\|\^~\\&\|WILLIS\|\|RIS\|.*\rPID\|1\|\|P1\^\^\^\|\|A\^B\|/);
    expect(receiver.messages[0]).to.match(/111241\^All algorithms succeeded; without findings\^DCM/);
    expect(receiver.messages[0]).to.match(/Not for clinical use/);
    const why = JSON.stringify(node.events);
    for (const part of [
      /it answered AE/,
      /acknowledged another message/,
      /no MSA segment/,
      /without an answer/,
    ])
      expect(why).to.match(part);
  });

  it('HL7 does not wait for a result that the PACS refuses for good', async () => {
    await using receiver = await startMllp((id) => `MSA|AA|${id}`);
    using pacs = await startPickyPacs({
      accepts: (sopClass) => sopClass !== '1.2.840.10008.5.1.4.1.1.88.34',
    });
    const hl7 = {
      ...{ host: '127.0.0.1', port: receiver.port, sendingApplication: 'WILLIS', sendingFacility: '' },
      ...{ receivingApplication: 'RIS', receivingFacility: '' },
    };
    await using node = await deliverAnalysed(folder, made, [destinationAt(pacs.port, { hl7 })]);
    await until(node, 'notified');
    expect(node.events.some(({ event }) => event === 'delivered')).to.equal(false);
    expect(receiver.messages).to.have.length(1);
  });

  it('Instance Availability Notification names every result that lies there, by study and series', async () => {
    using pacs = await startPickyPacs({});
    using ris = await startPickyPacs({ accepts: (_class, syntax) => syntax === '1.2.840.10008.1.2' });
    const peer = { aeTitle: 'RIS', host: '127.0.0.1', port: ris.port };
    await using node = await deliverAnalysed(folder, made, [
      destinationAt(pacs.port, { instanceAvailability: peer }),
    ]);
    await until(node, 'notified');
    expect(ris.created).to.have.length(1);
    const [notice] = ris.created as unknown as readonly [
      {
        StudyInstanceUID: string;
        ReferencedSeriesSequence: readonly {
          ReferencedSOPSequence: readonly {
            ReferencedSOPInstanceUID: string;
            InstanceAvailability: string;
            RetrieveAETitle: string;
          }[];
        }[];
      },
    ];
    expect(notice.StudyInstanceUID).to.equal('1.2.3');
    const instances = notice.ReferencedSeriesSequence.flatMap((series) => series.ReferencedSOPSequence);
    expect(instances.map((one) => one.ReferencedSOPInstanceUID)).to.have.members(
      pacs.stored.map((one) => one.sopInstanceUid),
    );
    expect(
      instances.every((one) => one.InstanceAvailability === 'ONLINE' && one.RetrieveAETitle === 'PACS'),
    ).to.equal(true);
  });
});

interface MllpServer extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly string[];
}

/** Answers each message with the segment that `answer` gives for its control id; null: closes without an answer. */
async function startMllp(answer: (controlId: string, count: number) => string | null): Promise<MllpServer> {
  const messages: string[] = [];
  const server = net.createServer((socket) => {
    let got = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (!got.subarray(-2).equals(Buffer.from([0x1c, 0x0d]))) return;
      const message = got.subarray(1, -2).toString('utf8');
      messages.push(message);
      const segment = answer(message.split('|')[9]!, messages.length);
      if (segment === null) socket.end();
      else socket.write(`\x0bMSH|^~\\&|RIS||WILLIS||||ACK||P|2.5.1\r${segment}\r\x1c\r`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
