import type { ArchiveFiles, Database, Transaction } from './archive/index.ts';
import type { Config } from './config/index.ts';
import type { Ingest } from './intake/index.ts';
import type { JobHandler } from './jobs/index.ts';
import type { NodeEvents } from './node-events.ts';
import { makeUpForLateComparison } from './analysis/index.ts';
import type { LiveSettings } from './node-settings.ts';
import { enqueuePriors, priorsHandler } from './priors/index.ts';

/** What the node does about earlier studies: nothing, where none are configured. */
export interface PriorParts {
  readonly handlers: readonly (readonly [string, JobHandler])[];
  readonly onQueued: (transaction: Transaction, seriesId: number) => Promise<void>;
}

export function priorParts(
  config: Config,
  parts: {
    readonly database: Database;
    readonly files: ArchiveFiles;
    readonly ingest: Ingest;
    readonly events: NodeEvents;
    readonly live: LiveSettings;
  },
): PriorParts {
  if (config.priors === undefined) return { handlers: [], onQueued: async () => await Promise.resolve() };
  const { aeTitle } = config.node;
  const handler = priorsHandler(parts.database, {
    ...config.priors,
    aeTitle,
    files: parts.files,
    now: Date.now,
    take: async (fetched) => {
      await parts.ingest.take({ ...fetched, callingAeTitle: aeTitle, origin: 'prior' });
    },
    onSettled: async (transaction, seriesId) => {
      const { config, routes } = parts.live;
      await makeUpForLateComparison(transaction, seriesId, { rules: config.rules, routes, now: Date.now() });
    },
    onFetched: parts.events.priorsFetched,
  });
  return {
    handlers: [handler],
    onQueued: async (transaction, seriesId) => await enqueuePriors(transaction, seriesId, Date.now()),
  };
}
