import path from 'node:path';
import { statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { analyseHandler, openAnalysisWorker, type Route } from './analysis/index.ts';
import { lockDataFolder, openDatabase, openFiles, removeOrphans, type Database } from './archive/index.ts';
import type { Config } from './config/index.ts';
import { deliveryHandlers, kindsWithFallbacks } from './delivery/index.ts';
import { uuidUid } from './dicom/index.ts';
import { WillisError } from './errors.ts';
import { soughtBy, type SeriesFindings } from './findings/index.ts';
import { listBundles, type Bundle } from './inference/index.ts';
import { Ingest, assembleHandler } from './intake/index.ts';
import { startRunner, type JobHandler } from './jobs/index.ts';
import { startReceiver } from './network/index.ts';
import { nodeEvents } from './node-events.ts';
import { priorParts } from './node-priors.ts';
import { receiverPort } from './node-receiver.ts';
import type { Log } from './operations/index.ts';
import { softwareVersion } from './version.ts';

/** A running node; disposing it stops accepting, lets running work finish or hands it back, and closes the index. */
export interface WillisNode extends AsyncDisposable {
  readonly dicomPort: number;
  /** Findings of the newest analysis. */
  latestFindings(): Promise<SeriesFindings | undefined>;
}

const jobTiming = {
  leaseMs: 60_000,
  pollMs: 250,
  now: Date.now,
  newToken: randomUUID,
  random: Math.random,
};

/** The whole node: archive, jobs, intake, analysis, delivery, and the receiver last, when all behind it stands. */
export async function startNode(config: Config, log: Log): Promise<WillisNode> {
  const now = Date.now;
  const { aeTitle } = config.node;
  await using stack = new AsyncDisposableStack();
  const files = openFiles(config.node.dataDir, () => new Date());
  await mkdir(path.join(files.dataDir, 'instances'), { recursive: true });
  stack.use(lockDataFolder(path.join(files.dataDir, 'node.lock')));
  const database = openDatabase(path.join(files.dataDir, 'index.sqlite'));
  stack.defer(async () => await database.destroy());
  const events = nodeEvents(log);
  events.orphansRemoved(await removeOrphans(database, files));

  const worker = stack.use(openAnalysisWorker(config.inference));
  const routes = await routesOf(config, log);
  const quiet = quietPeriods(config);
  const ingest = new Ingest(database, files, { ...quiet, now, onConflict: events.conflict });
  const priors = priorParts(config, { database, files, ingest, events });
  const handlers = new Map<string, JobHandler>([
    [
      'assemble',
      assembleHandler(database, {
        ...{ ...quiet, rules: config.rules, now },
        ...{ onJudged: events.judged, onQueued: priors.onQueued },
      }),
    ],
    [
      'analyse',
      analyseHandler(database, {
        ...{ files, worker, routes, softwareVersion, now, onAnalysed: events.analysed },
        ...config.results,
      }),
    ],
    ...priors.handlers,
    ...deliveryHandlers(database, config.destinations, {
      ...{ callingAeTitle: aeTitle, files, now },
      newUid: () => uuidUid(randomUUID()),
      events: events.delivery,
      intendedUse: (sha256) => intendedUse(routes, sha256),
    }),
  ]);
  const runner = stack.use(
    await startRunner(database, handlers, jobTiming, {
      onFailure: events.jobFailed,
      onRescue: events.jobsRescued,
    }),
  );

  const port = receiverPort({
    ...{ aeTitle, database, files, ingest, runner, events, ...quiet },
    ...roomOf(config, files.dataDir),
  });
  const receiver = stack.use(await startReceiver(receiverOptions(config), port));
  for (const options of secureReceivers(config)) stack.use(await startReceiver(options, port));
  log.info('node is ready', { aeTitle, host: config.dicom.host, port: receiver.port });
  const owned = stack.move();
  return {
    dicomPort: receiver.port,
    latestFindings: async () => await latestFindings(database),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

function quietPeriods(config: Config): { quietPeriodMs: number; quietPeriodAfterReleaseMs: number } {
  const { quietPeriodSeconds, quietPeriodAfterReleaseSeconds } = config.series;
  return {
    quietPeriodMs: quietPeriodSeconds * 1000,
    quietPeriodAfterReleaseMs: quietPeriodAfterReleaseSeconds * 1000,
  };
}

type Routes = ReadonlyMap<string, Route & { readonly intendedUse: string }>;

function intendedUse(routes: Routes, bundleSha256: string): string | undefined {
  return [...routes.values()].find((one) => one.bundleSha256 === bundleSha256)?.intendedUse;
}

async function latestFindings(database: Database): Promise<SeriesFindings | undefined> {
  const row = await database
    .selectFrom('analysis')
    .select('findings')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.findings) as SeriesFindings);
}

function receiverOptions(config: Config): Parameters<typeof startReceiver>[0] {
  const { maxInstanceMegabytes, tls: _secure, ...dicom } = config.dicom;
  return {
    ...dicom,
    aeTitle: config.node.aeTitle,
    maxPduLengthBytes: 131_072,
    maxInstanceBytes: maxInstanceMegabytes * 1e6,
    durability: 'full',
  };
}

function secureReceivers(config: Config): readonly Parameters<typeof startReceiver>[0][] {
  const { tls } = config.dicom;
  return tls === undefined ? [] : [{ ...receiverOptions(config), port: tls.port, tls }];
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

/** Which bundle serves each rule. A broken bundle is refused by name; a rule whose pipeline has none stops the start. */
async function routesOf(config: Config, log: Log): Promise<Routes> {
  const listed = await listBundles(config.inference.bundlesDir ?? shippedBundles);
  for (const entry of listed) {
    if (entry.kind === 'refused')
      log.error('a bundle was refused', { folder: path.basename(entry.folder), why: entry.error.message });
  }
  return new Map(
    config.rules.map(({ name, pipeline, alsoPipelines = [], sendTo }) => {
      const serving = (id: string): Bundle => {
        const found = listed
          .filter((entry) => entry.kind === 'bundle')
          .find(({ bundle }) => bundle.manifest.pipeline === id);
        if (found === undefined) throw noBundle(name, id);
        return found.bundle;
      };
      requireOneKind(name, [pipeline, ...alsoPipelines]);
      const bundle = serving(pipeline);
      const also = alsoPipelines.map((id) => ({ pipeline: id, bundle: serving(id) }));
      return [
        name,
        {
          pipeline,
          sendTo,
          kinds: kindsFor(config, sendTo),
          bundleFolder: bundle.folder,
          bundleSha256: sha256OfAll([bundle, ...also.map((one) => one.bundle)]),
          also: also.map((one) => ({ pipeline: one.pipeline, bundleFolder: one.bundle.folder })),
          intendedUse: bundle.manifest.intendedUse,
        },
      ];
    }),
  );
}

/** All that the destinations of a rule may be sent; the usual three where it has none, for the page and the disk. */
function kindsFor(config: Config, sendTo: readonly string[]): NonNullable<Route['kinds']> {
  const kinds = config.destinations
    .filter(({ name }) => sendTo.includes(name))
    .flatMap(({ results, fallbacks }) => kindsWithFallbacks(results, fallbacks));
  return [...new Set(kinds.length > 0 ? kinds : ['summary', 'heatmap', 'sr'])] as NonNullable<Route['kinds']>;
}

/** One bundle's own; of several the digest of theirs, so that another set of pipelines is another analysis. */
function sha256OfAll(bundles: readonly Bundle[]): string {
  const all = bundles.map(({ identity }) => identity.sha256);
  return all.length === 1 ? all[0]! : createHash('sha256').update(all.join('\n')).digest('hex');
}

/** One report tells of one kind of finding. */
function requireOneKind(rule: string, pipelines: readonly string[]): void {
  if (new Set(pipelines.map(soughtBy)).size === 1) return;
  throw new WillisError(
    'PIPELINES_DIFFER',
    `The rule "${rule}" asks for one report of ${pipelines.join(' and ')}, which look for different things. Give each a rule of its own.`,
  );
}

function noBundle(rule: string, pipeline: string): WillisError {
  return new WillisError(
    'BUNDLE_MISSING',
    `The rule "${rule}" wants the pipeline "${pipeline}", but no sound bundle serves it. "willis bundles" shows what there is.`,
  );
}

export const shippedBundles = path.join(import.meta.dirname, '..', 'models');
