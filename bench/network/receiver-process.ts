import { renameSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { startReceiver } from '../../src/network/index.ts';

/** The receiver alone, with a folder for an archive: `receiver-process.ts PORT DIR [full|none]`; what it costs without index and rules. */
const [port = '11112', folder = '.', durability = 'full', timeoutSeconds = '60'] = process.argv.slice(2);
const seconds = Number(timeoutSeconds);

await startReceiver(
  {
    aeTitle: 'MYPACS',
    acceptAnyCalledAeTitle: true,
    host: '127.0.0.1',
    port: Number(port),
    maxAssociations: 64,
    callers: [],
    maxPduLengthBytes: 131_072,
    maxInstanceBytes: 4e9,
    associationTimeoutSeconds: seconds,
    idleTimeoutSeconds: seconds,
    pduTimeoutSeconds: seconds,
    minimumRateBytesPerSecond: 1024,
    durability: durability === 'none' ? 'none' : 'full',
  },
  {
    allocate: () => path.join(folder, `${randomUUID()}.part`),
    admit: () => ({ kind: 'accept' }),
    commit: async (received) => {
      renameSync(received.path, path.join(folder, `${received.sopInstanceUid}.dcm`));
      return await Promise.resolve(0);
    },
    associationClosed: () => undefined,
  },
);
