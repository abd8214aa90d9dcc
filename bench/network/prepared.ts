import { readFileSync } from 'node:fs';
import { storeRequest } from '../../src/network/command.ts';
import type { OutgoingInstance } from '../../src/network/index.ts';
import { commandPdu, dataHeader } from '../../src/network/pdu-writer.ts';
import { openAssociation } from '../../src/network/requestor.ts';

const contextId = 1;
const chunkBytes = 131_072 - 6;

/** C-STORE messages cut and in memory before the clock starts, so that the receivers are measured and not the sender. */
export interface Prepared {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly messages: readonly Buffer[];
}

export function prepare(series: readonly OutgoingInstance[]): Prepared {
  const { sopClassUid, transferSyntaxUid } = series[0]!;
  return { sopClassUid, transferSyntaxUid, messages: series.map(messageOf) };
}

/** Seconds from the association request to the last C-STORE-RSP, one instance after another on one association. */
export async function blast(port: number, prepared: Prepared): Promise<number> {
  const started = performance.now();
  await using association = await openAssociation(
    { aeTitle: 'ANY', host: '127.0.0.1', port },
    [
      {
        id: contextId,
        abstractSyntaxUid: prepared.sopClassUid,
        transferSyntaxUid: prepared.transferSyntaxUid,
      },
    ],
    { callingAeTitle: 'BENCH' },
  );
  if (association.grant.maxPduLengthBytes < chunkBytes + 6) throw new Error('the peer takes smaller PDUs');
  for (const message of prepared.messages) {
    void association.write(message);
    const { status } = await association.nextResponse();
    if (status !== 0) throw new Error(`not stored: status ${status}`);
  }
  return (performance.now() - started) / 1000;
}

function messageOf(instance: OutgoingInstance, index: number): Buffer {
  const file = readFileSync(instance.path);
  const dataset = file.subarray(144 + file.readUInt32LE(140));
  const { sopClassUid, sopInstanceUid } = instance;
  const parts = [commandPdu(contextId, storeRequest({ messageId: index + 1, sopClassUid, sopInstanceUid }))];
  for (let at = 0; at < dataset.length; at += chunkBytes) {
    const chunk = dataset.subarray(at, at + chunkBytes);
    const isLast = at + chunkBytes >= dataset.length;
    parts.push(dataHeader(contextId, chunk.length, { isCommand: false, isLast }), chunk);
  }
  return Buffer.concat(parts);
}
