import path from 'node:path';
import { statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { openAnalysisWorker } from './analysis/index.ts';
import { lockDataFolder, openDatabase, openFiles, settleOrphans } from './archive/index.ts';
import type { ArchiveFiles, Database } from './archive/index.ts';
import { openConfigStore, type Config } from './config/index.ts';
import { describeError } from './errors.ts';
import type { SeriesFindings } from './findings/index.ts';
import { cutOffAll, Ingest, isWholeInstance } from './intake/index.ts';
import { startRunner } from './jobs/index.ts';
import { startReceiver } from './network/index.ts';
import { openAudit } from './node-audit.ts';
import { openCallBook } from './node-calls.ts';
import { nodeEvents } from './node-events.ts';
import { startNodeOperations } from './node-operations.ts';
import { lookBehind, openRemoteHealth } from './node-inference.ts';
import { receiverPort, receiverWatch } from './node-receiver.ts';
import { liveSettings, quietPeriods, watchConfigFile, type LiveSettings } from './node-settings.ts';
import { stageHandlers } from './node-stages.ts';
import { startNodeWeb } from './node-web.ts';
import { openAlerts, openObservers, type Log } from './operations/index.ts';
import type { WebServer } from './web/index.ts';

/** A running node; disposing it stops accepting, lets running work finish or hands it back, and closes the index. */
export interface WillisNode extends AsyncDisposable {
  readonly dicomPort: number;
  /** Where the page is, and the code for its first administrator while there is none; null where it is switched off. */
  readonly web: Pick<WebServer, 'url' | 'setupCode' | 'routes'> | null;
  /** Findings of the newest analysis. */
  latestFindings(): Promise<SeriesFindings | undefined>;
}

/** The file that holds the configuration, and what it would say while there is none. */
export interface ConfigOrigin {
  readonly file: string;
  readonly valueWithoutFile: unknown;
}

const jobTiming = {
  leaseMs: 60_000,
  pollMs: 250,
  now: Date.now,
  newToken: randomUUID,
  random: Math.random,
};

/** The whole node: archive, jobs, intake, analysis, delivery, and the receiver and page last, when all behind them stands. */
export async function startNode(config: Config, consoleLog: Log, origin?: ConfigOrigin): Promise<WillisNode> {
  const now = Date.now;
  const { log, ...observers } = openObservers(consoleLog, now);
  const { aeTitle } = config.node;
  await using stack = new AsyncDisposableStack();
  const { files, database } = await openDataFolder(stack, config.node.dataDir);
  const alerts = openAlerts(config.operations.alerts, { aeTitle, log, now });
  const audit = openAudit({ database, config, now, onFault: auditFault(log) });
  const events = nodeEvents(log, { ...observers, alerts, audit });
  events.orphansSettled(await settleOrphans(database, files, isWholeInstance));
  await cutOffAll(database, now());

  const worker = stack.use(openAnalysisWorker(config.inference));
  const live = await liveSettings(config, log);
  const remotes = openRemoteHealth({ worker, live, log, alerts });
  const quiet = quietPeriods(config);
  const ingest = new Ingest(database, files, { ...quiet, now, onConflict: events.conflict });
  let listeningSince: number | null = null;
  const handlers = stageHandlers({
    ...{ database, files, worker, live, ingest, events, audit, now },
    listeningSince: () => listeningSince,
  });
  const runner = stack.use(
    await startRunner(database, handlers, jobTiming, {
      onFailure: events.jobFailed,
      onRescue: events.jobsRescued,
    }),
  );

  const calls = openCallBook(database, { now, onFault: events.bookkeepingFailed });
  const { signal: stopping } = stack.adopt(new AbortController(), (stop) => stop.abort());
  const port = receiverPort({
    ...{ stopping, aeTitle, database, files, ingest, runner, events, ...quiet },
    ...roomOf(config, files.dataDir),
    watch: receiverWatch({ ...observers, calls, audit, now }),
  });
  const receiver = await openDoors(stack, { config, live, port });
  listeningSince = now();
  const store = openConfigStore(config, {
    ...(origin ?? { file: path.join(files.dataDir, 'willis.json'), valueWithoutFile: config }),
    now,
    prepare: async (next) => await live.prepare(next),
  });
  stack.use(watchConfigFile(store, events));
  const behind = {
    ...{ database, files, log, ...observers, calls, live, store },
    ...{ ingest, port, worker, remotes, audit, alerts, now },
  };
  const operations = stack.use(startNodeOperations(behind));
  const page = { operations, wake: (): void => runner.wake(), dicomPort: receiver.port };
  const web = config.web.enabled ? stack.use(await startNodeWeb({ ...behind, ...page })) : null;
  stack.use(audit.running());
  lookBehind(remotes, log);
  log.info('node is ready', { aeTitle, host: config.dicom.host, port: receiver.port });
  const owned = stack.move();
  return {
    dicomPort: receiver.port,
    web,
    latestFindings: async () => await latestFindings(database),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

/** Locked, with its index open, until the stack is disposed. */
async function openDataFolder(
  stack: AsyncDisposableStack,
  dataDir: string,
): Promise<{ files: ArchiveFiles; database: Database }> {
  const files = openFiles(dataDir, () => new Date());
  await mkdir(path.join(files.dataDir, 'instances'), { recursive: true });
  stack.use(lockDataFolder(path.join(files.dataDir, 'node.lock')));
  const database = openDatabase(path.join(files.dataDir, 'index.sqlite'));
  stack.defer(async () => await database.destroy());
  return { files, database };
}

function auditFault(log: Log): (error: unknown) => void {
  return (error) => log.error('an audit message could not be kept', { why: describeError(error) });
}

async function latestFindings(database: Database): Promise<SeriesFindings | undefined> {
  const row = await database
    .selectFrom('analysis')
    .select('findings')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.findings) as SeriesFindings);
}

type ReceiverOptions = Parameters<typeof startReceiver>[0];
type ReceiverPort = Parameters<typeof startReceiver>[1];

/** The receiver, and the same one over TLS where that is configured. */
async function openDoors(
  stack: AsyncDisposableStack,
  { config, live, port }: { config: Config; live: LiveSettings; port: ReceiverPort },
): ReturnType<typeof startReceiver> {
  const options = receiverOptions(config, () => live.config.dicom.callers);
  const receiver = stack.use(await startReceiver(options, port));
  const { tls } = config.dicom;
  if (tls !== undefined) stack.use(await startReceiver(overTls(options, tls), port));
  return receiver;
}

/** Callers are read at each association: the page may add one while the node runs. */
function receiverOptions(config: Config, callers: () => Config['dicom']['callers']): ReceiverOptions {
  const { maxInstanceMegabytes, tls: _secure, ...dicom } = config.dicom;
  return {
    ...dicom,
    aeTitle: config.node.aeTitle,
    maxPduLengthBytes: 131_072,
    maxInstanceBytes: maxInstanceMegabytes * 1e6,
    durability: 'full',
    get callers() {
      return callers();
    },
  };
}

/** The same door on a port of its own, for callers that come over TLS. */
function overTls(options: ReceiverOptions, tls: NonNullable<Config['dicom']['tls']>): ReceiverOptions {
  return {
    ...options,
    port: tls.port,
    tls,
    get callers() {
      return options.callers;
    },
  };
}

function roomOf(config: Config, folder: string): { freeBytes: () => number; minimumFreeBytes: number } {
  return {
    freeBytes: () => freeBytes(folder),
    minimumFreeBytes: config.node.minimumFreeMegabytes * 1e6,
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export { shippedBundles } from './node-settings.ts';
