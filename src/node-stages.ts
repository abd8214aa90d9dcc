import { analyseHandler, type AnalysisWorker } from './analysis/index.ts';
import type { ArchiveFiles, Database } from './archive/index.ts';
import type { Config } from './config/index.ts';
import { deliveryHandlers } from './delivery/index.ts';
import { assembleHandler } from './intake/index.ts';
import type { JobHandler } from './jobs/index.ts';
import type { NodeEvents } from './node-events.ts';
import type { LiveSettings } from './node-settings.ts';
import { softwareVersion } from './version.ts';

export interface StageParts {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly worker: AnalysisWorker;
  readonly live: LiveSettings;
  readonly events: NodeEvents;
  readonly now: () => number;
}

/** Who runs which kind of job: judge, analyse, deliver. Rules and destinations follow the configuration. */
export function stageHandlers(parts: StageParts): ReadonlyMap<string, JobHandler> {
  const { live } = parts;
  const handlers = new Map<string, JobHandler>([
    ['assemble', assembling(parts)],
    ['analyse', analysing(parts)],
  ]);
  const setDeliveries = (config: Config): void => {
    for (const kind of [...handlers.keys()]) if (kind.startsWith('deliver:')) handlers.delete(kind);
    for (const [kind, handler] of delivering(parts, config)) handlers.set(kind, handler);
  };
  setDeliveries(live.config);
  live.onEnforced(setDeliveries);
  return handlers;
}

function assembling({ database, live, events, now }: StageParts): JobHandler {
  const { quietPeriodSeconds, quietPeriodAfterReleaseSeconds } = live.config.series;
  return assembleHandler(database, {
    quietPeriodMs: quietPeriodSeconds * 1000,
    quietPeriodAfterReleaseMs: quietPeriodAfterReleaseSeconds * 1000,
    get rules() {
      return live.config.rules;
    },
    now,
    onJudged: events.judged,
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
    onAnalysed: events.analysed,
  });
}

function delivering(
  { database, files, events, now }: StageParts,
  config: Config,
): ReadonlyMap<string, JobHandler> {
  const options = { callingAeTitle: config.node.aeTitle, files, now, onDelivered: events.delivered };
  return deliveryHandlers(database, config.destinations, options);
}
