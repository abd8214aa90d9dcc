import { randomUUID } from 'node:crypto';
import { analyseHandler, type AnalysisWorker } from './analysis/index.ts';
import type { ArchiveFiles, Database } from './archive/index.ts';
import { tellingKinds, type Config } from './config/index.ts';
import { deliveryHandlers } from './delivery/index.ts';
import { uuidUid } from './dicom/index.ts';
import { assembleHandler, type Ingest } from './intake/index.ts';
import type { JobHandler } from './jobs/index.ts';
import type { NodeAudit } from './node-audit.ts';
import type { NodeEvents } from './node-events.ts';
import { kindsOfDestinations } from './node-routes.ts';
import { priorParts, type PriorParts } from './node-priors.ts';
import { quietPeriods, type LiveSettings } from './node-settings.ts';
import { softwareVersion } from './version.ts';

export interface StageParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly worker: AnalysisWorker;
  readonly live: LiveSettings;
  readonly ingest: Ingest;
  readonly events: NodeEvents;
  readonly audit: Pick<NodeAudit, 'handlers'>;
  readonly listeningSince: () => number | null;
  readonly now: () => number;
}

/** Who runs which kind of job: judge, fetch priors, analyse, deliver. Rules and destinations follow the configuration. */
export function stageHandlers(parts: StageParts): ReadonlyMap<string, JobHandler> {
  const { live } = parts;
  const priors = priorParts(live.config, parts);
  const handlers = new Map<string, JobHandler>([
    ['assemble', assembling(parts, priors)],
    ['analyse', analysing(parts)],
    ...priors.handlers,
    ...parts.audit.handlers,
  ]);
  let deliveries: readonly string[] = [];
  const setDeliveries = (config: Config): void => {
    for (const kind of deliveries) handlers.delete(kind);
    const wanted = delivering(parts, config);
    for (const [kind, handler] of wanted) handlers.set(kind, handler);
    deliveries = [...wanted.keys()];
  };
  setDeliveries(live.config);
  live.onEnforced(setDeliveries);
  return handlers;
}

function assembling(parts: StageParts, priors: PriorParts): JobHandler {
  const { database, live, events, listeningSince, now } = parts;
  return assembleHandler(database, {
    ...quietPeriods(live.config),
    get rules() {
      return live.config.rules;
    },
    get unmatched() {
      return live.config.unmatched;
    },
    listeningSince,
    now,
    onJudged: events.judged,
    onQueued: priors.onQueued,
  });
}

function analysing({ database, files, worker, live, events, now }: StageParts): JobHandler {
  return analyseHandler(database, {
    files,
    worker,
    get routes() {
      return live.routes;
    },
    softwareVersion,
    now,
    onJudged: events.judged,
    onAnalysed: events.analysed,
    onWaiting: events.waiting,
    get rules() {
      return live.config.rules;
    },
    get unmatched() {
      return live.config.unmatched;
    },
    get destinations() {
      return kindsOfDestinations(live.config);
    },
    get comparison() {
      return live.config.comparison;
    },
    ...live.config.results,
  });
}

function delivering(
  { database, files, live, events, now }: StageParts,
  config: Config,
): ReadonlyMap<string, JobHandler> {
  return deliveryHandlers(database, config.destinations, {
    ...{ callingAeTitle: config.node.aeTitle, files, now, events: events.delivery },
    ...{ tellingKinds, newUid: () => uuidUid(randomUUID()) },
    intendedUse: (sha256) =>
      [...live.routes.values()].find((route) => route.bundleSha256 === sha256)?.intendedUse,
  });
}
