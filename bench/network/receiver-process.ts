import { mkdirSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import path from 'node:path';
import { openDatabase, openFiles } from '../../src/archive/index.ts';
import { Ingest } from '../../src/intake/index.ts';
import { startReceiver } from '../../src/network/index.ts';

/** Receiver, archive and index as in the node, without analysis: `receiver-process.ts PORT FOLDER full|none`. */
const [port = '11112', folder = '.', durability = 'full'] = process.argv.slice(2);
const durable = durability === 'none' ? 'none' : 'full';
const files = openFiles(folder, () => new Date());
mkdirSync(path.join(folder, 'instances'), { recursive: true });
const database = openDatabase(path.join(folder, 'index.sqlite'), durable);
const ingest = new Ingest(database, files, {
  quietPeriodMs: 1e9,
  now: Date.now,
  onConflict: () => undefined,
});

await startReceiver(
  {
    aeTitle: 'WILLIS',
    acceptAnyCalledAeTitle: true,
    host: '127.0.0.1',
    port: Number(port),
    maxAssociations: 64,
    callers: [],
    maxPduLengthBytes: 131_072,
    maxInstanceBytes: 4e9,
    associationTimeoutSeconds: 30,
    idleTimeoutSeconds: 600,
    pduTimeoutSeconds: 60,
    minimumRateBytesPerSecond: 1024,
    durability: durable,
  },
  {
    allocate: () => files.allocateInstance(),
    admit: () => ({ kind: 'accept' }),
    commit: async (received) => {
      await ingest.take(received);
      return 0;
    },
    associationClosed: () => undefined,
  },
);

flushCompileCache();
