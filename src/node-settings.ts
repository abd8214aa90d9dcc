import path from 'node:path';
import { doubtsOf, type Config, type ConfigStore } from './config/index.ts';
import { WillisError } from './errors.ts';
import { loadHelperModels } from './inference/index.ts';
import type { AssembleOptions } from './intake/index.ts';
import { openShelf, type BundleShelf, type ShelvedBundle } from './node-bundles.ts';
import { routesOf, type Routes } from './node-routes.ts';
import type { NodeEvents } from './node-events.ts';
import type { Log } from './operations/index.ts';

/** The parts of the configuration that come into force without a restart. */
export interface LiveSettings {
  readonly config: Config;
  readonly routes: Routes;
  /** Throws BUNDLE_MISSING; what it returns puts the configuration into force. */
  prepare(config: Config): Promise<() => void>;
  /** Tells `listener` of every configuration that comes into force. */
  onEnforced(listener: (config: Config) => void): void;
  readonly shelf: BundleShelf;
  bundles(): Promise<readonly ShelvedBundle[]>;
  /** Top-level keys that differ from those the node was started with, and wait for a restart. */
  restartNeeded(): readonly string[];
}

/** Callers, destinations and rules follow the configuration. */
export async function liveSettings(started: Config, log: Log): Promise<LiveSettings> {
  let config = started;
  const listeners: ((config: Config) => void)[] = [];
  const shelf = openShelf({
    standard: started.inference.bundlesDir ?? shippedBundles,
    uploaded: path.resolve(started.node.dataDir, 'bundles'),
  });
  const bundles = shelf.list;
  let routes = routesOf(config, await logged(bundles, log));
  await logHelperModels(started.inference.bundlesDir ?? shippedBundles, log);
  tellDoubts(config, log);
  return {
    get config() {
      return config;
    },
    get routes() {
      return routes;
    },
    shelf,
    bundles,
    onEnforced: (listener) => void listeners.push(listener),
    prepare: async (next) => {
      const nextRoutes = routesOf(next, await bundles());
      return () => {
        config = next;
        routes = nextRoutes;
        for (const listener of listeners) listener(next);
        tellDoubts(next, log);
        log.info('the configuration changed', { restartNeeded: waiting(started, next).join(', ') || 'no' });
      };
    },
    restartNeeded: () => waiting(started, config),
  };
}

function tellDoubts(config: Config, log: Log): void {
  for (const why of doubtsOf(config)) log.warn('the configuration may not be as it was meant', { why });
}

const lookEveryMs = 3000;

/** Looks now and then whether the configuration file was changed by hand. */
export function watchConfigFile(store: ConfigStore, events: NodeEvents): Disposable {
  let told = '';
  const timer = setInterval(() => {
    store
      .look()
      .then((seen) => {
        const { fault, sha256 } = store.document();
        if (seen === 'invalid' && told !== sha256)
          events.log.error(
            'the configuration file was changed and is not valid; the last valid one stays in force',
            {
              why: fault ?? '',
            },
          );
        told = seen === 'invalid' ? sha256 : '';
      })
      .catch(events.bookkeepingFailed);
  }, lookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

export function quietPeriods(
  config: Config,
): Pick<
  AssembleOptions,
  'quietPeriodMs' | 'quietPeriodAfterReleaseMs' | 'retryPeriodMs' | 'longestSilenceMs'
> {
  const { quietPeriodSeconds, quietPeriodAfterReleaseSeconds, retryPeriodSeconds } = config.series;
  return {
    retryPeriodMs: retryPeriodSeconds * 1000,
    longestSilenceMs: config.dicom.idleTimeoutSeconds * 1000,
    quietPeriodMs: quietPeriodSeconds * 1000,
    quietPeriodAfterReleaseMs: quietPeriodAfterReleaseSeconds * 1000,
  };
}

/** Sections and keys that are read once, when the node starts. */
function waiting(started: Config, now: Config): readonly string[] {
  const fixed = ({
    dicom: { callers: _live, ...dicom },
    destinations: _too,
    rules: _also,
    unmatched: _told,
    comparison: _asWell,
    inference: { bundles: _served, ...inference },
    ...rest
  }: Config) => ({
    ...rest,
    dicom,
    inference,
  });
  const [before, after] = [fixed(started), fixed(now)];
  return (Object.keys(before) as (keyof typeof before)[]).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
}

/** A broken bundle is refused by name. */
async function logged(
  bundles: () => Promise<readonly ShelvedBundle[]>,
  log: Log,
): Promise<readonly ShelvedBundle[]> {
  const listed = await bundles();
  for (const entry of listed) {
    if (entry.kind === 'refused')
      log.error('a bundle was refused', { folder: path.basename(entry.folder), why: entry.error.message });
  }
  return listed;
}

/** What names the arteries and finds the brain, or that nothing does: a broken one fails every analysis that needs it, by its name. */
async function logHelperModels(folder: string, log: Log): Promise<void> {
  try {
    const { siteModel, headModel } = await loadHelperModels(folder);
    log.info('arteries of aneurysms are named by', {
      model: siteModel === null ? 'no model: sites are told as cerebral artery' : siteModel.identity.id,
    });
    log.info('places outside the head are told by', {
      model: headModel === null ? 'no model: none is demoted for that' : headModel.identity.id,
    });
  } catch (error) {
    if (!(error instanceof WillisError)) throw error;
    log.error('a helper model was refused', { why: error.message });
  }
}

export const shippedBundles = path.join(import.meta.dirname, '..', 'models');
