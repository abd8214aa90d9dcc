import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startReceiver, type ReceivedInstance } from '../../src/network/index.ts';

/** A PACS that keeps files and remembers what it got; `arrivals` counts each C-STORE, doubles included. */
export interface TestPacs extends AsyncDisposable {
  readonly port: number;
  readonly instances: ReadonlyMap<string, ReceivedInstance>;
  readonly arrivals: readonly string[];
}

export async function startTestPacs(folder: string, port = 0, status = 0): Promise<TestPacs> {
  mkdirSync(folder, { recursive: true });
  const instances = new Map<string, ReceivedInstance>();
  const arrivals: string[] = [];
  const receiver = await startReceiver(receiverOptions({ aeTitle: 'PACS', port }), {
    allocate: () => path.join(folder, `${randomUUID()}.dcm`),
    admit: () => ({ kind: 'accept' }),
    commit: async (received) => {
      if (status === 0) {
        instances.set(received.sopInstanceUid, received);
        arrivals.push(received.sopInstanceUid);
      }
      return await Promise.resolve(status);
    },
    associationClosed: () => undefined,
  });
  return {
    port: receiver.port,
    instances,
    arrivals,
    [Symbol.asyncDispose]: async () => await receiver[Symbol.asyncDispose](),
  };
}

export function receiverOptions(
  changes: Partial<Parameters<typeof startReceiver>[0]>,
): Parameters<typeof startReceiver>[0] {
  return {
    aeTitle: 'WILLIS',
    acceptAnyCalledAeTitle: false,
    host: '127.0.0.1',
    port: 0,
    maxAssociations: 64,
    callers: [],
    maxPduLengthBytes: 131_072,
    maxInstanceBytes: 1e9,
    associationTimeoutSeconds: 30,
    idleTimeoutSeconds: 30,
    pduTimeoutSeconds: 30,
    minimumRateBytesPerSecond: 1024,
    durability: 'full',
    ...changes,
  };
}
