import { readFile } from 'node:fs/promises';
import { statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AnalysisWorker, Route } from './analysis/index.ts';
import type { ArchiveFiles, Database } from './archive/index.ts';
import { configJsonSchema, resultKinds, type Config, type ConfigStore } from './config/index.ts';
import { WillisError } from './errors.ts';
import type { Ingest } from './intake/index.ts';
import { checkWebServer, verify, type ReceiverPort } from './network/index.ts';
import type { NodeAudit } from './node-audit.ts';
import { standardFolder } from './node-bundles.ts';
import type { RemoteHealth } from './node-inference.ts';
import type { LiveSettings } from './node-settings.ts';
import type { CallBook } from './node-calls.ts';
import type { EventHub, LogRing, Metrics, Throughput } from './operations/index.ts';
import { softwareVersion } from './version.ts';
import {
  startWeb,
  type NodeAccess,
  type NodeFacts,
  type OperationsPort,
  type WebServer,
} from './web/index.ts';

export interface WebParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly log: LogRing;
  readonly hub: EventHub;
  readonly metrics: Metrics;
  readonly throughput: Throughput;
  readonly calls: CallBook;
  readonly live: LiveSettings;
  readonly store: ConfigStore;
  readonly ingest: Ingest;
  readonly port: ReceiverPort;
  readonly worker: AnalysisWorker;
  readonly remotes: RemoteHealth;
  readonly audit: Pick<NodeAudit, 'acted'>;
  readonly operations: OperationsPort;
  readonly wake: () => void;
  readonly dicomPort: number;
  readonly now: () => number;
}

/** Opens page, API and DICOMweb on what the node is made of. */
export async function startNodeWeb(parts: WebParts): Promise<WebServer> {
  const { web, dicom } = parts.live.config;
  return await startWeb(nodeAccess(parts), {
    ...web,
    oidc: web.oidc ?? null,
    tls: web.tls === undefined ? null : await readTls(web.tls),
    maxInstanceBytes: dicom.maxInstanceMegabytes * 1e6,
    pageFolder: path.join(import.meta.dirname, '..', 'dist', 'page'),
  });
}

function nodeAccess(parts: WebParts): NodeAccess {
  const { live, store, ingest, port, hub } = parts;
  return {
    ...parts,
    events: hub,
    startedAt: parts.now(),
    version: softwareVersion,
    facts: () => factsOf(parts),
    calls: () => parts.calls.recent(),
    settings: {
      document: () => store.document(),
      replace: async (value, seen, by) => await store.replace(value, seen, by),
      history: async () => await store.history(),
      version: async (id) => await store.version(id),
      restartNeeded: () => live.restartNeeded(),
      schema: configJsonSchema,
    },
    bundles: {
      list: live.shelf.list,
      add: live.shelf.add,
      remove: live.shelf.remove,
      ofRules: () => new Map([...live.routes].map(([name, route]) => [name, foldersOf(route)])),
      helpersFolder: async () => standardFolder(await live.shelf.list()),
    },
    echo: async (peer) => await verify(peer, { callingAeTitle: live.config.node.aeTitle }),
    check: async (name) => await checkDestination(live.config, name),
    analyse: async (task) => await parts.worker.run(task),
    acted: (act) => parts.audit.acted(act),
    take: async (incoming) => await ingest.take(incoming),
    admit: () => port.admit(),
  };
}

function foldersOf({ bundleFolder, also = [] }: Route): readonly string[] {
  return [bundleFolder, ...also.map((one) => one.bundleFolder)];
}

async function checkDestination(
  config: Config,
  name: string,
): Promise<{ readonly lines: readonly string[] }> {
  const one = config.destinations.find((destination) => destination.name === name)!;
  if (one.type === 'stow-rs') return await checkWebServer(one);
  return await verify(one, { callingAeTitle: config.node.aeTitle });
}

function factsOf({ live, files, remotes, dicomPort }: WebParts): NodeFacts {
  const { node, dicom, inference, destinations, rules } = live.config;
  const { bavail, blocks, bsize } = statfsSync(files.dataDir);
  return {
    aeTitle: node.aeTitle,
    dicomHost: dicom.host,
    dicomPort,
    addresses: addressesOf(dicom.host),
    providers: remotes.lines(),
    threads: inference.threads,
    callers: dicom.callers,
    destinations,
    resultKinds,
    rules,
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
  };
}

/** What to type into a scanner: the addresses of this machine where the node listens on all of them. */
function addressesOf(host: string): readonly string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const all = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  return outside.length > 0 ? outside : ['127.0.0.1'];
}

async function readTls(
  files: NonNullable<Config['web']['tls']>,
): Promise<{ certificate: Buffer; key: Buffer }> {
  const read = async (file: string): Promise<Buffer> =>
    await readFile(file).catch((cause: unknown) => {
      throw new WillisError('TLS_FILE_UNREADABLE', `The file ${file} of web.tls cannot be read.`, { cause });
    });
  return { certificate: await read(files.certificateFile), key: await read(files.keyFile) };
}
