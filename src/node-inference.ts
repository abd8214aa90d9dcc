import type { AnalysisWorker } from './analysis/index.ts';
import { WillisError, describeError } from './errors.ts';
import type { RemoteState } from './inference/index.ts';
import type { LiveSettings } from './node-settings.ts';
import type { Alerts, Log } from './operations/index.ts';

/** What the node knows of its inference servers. */
export interface RemoteHealth {
  /** Asks them anew; a change is logged, a fault told. */
  look(): Promise<readonly RemoteState[]>;
  /** What computes, for people, as the last look found it. */
  lines(): readonly string[];
}

export function openRemoteHealth(parts: {
  readonly worker: Pick<AnalysisWorker, 'look'>;
  readonly live: LiveSettings;
  readonly log: Log;
  readonly alerts: Alerts;
}): RemoteHealth {
  const { live, log, alerts } = parts;
  const { providers, remotes } = live.config.inference;
  let states: readonly RemoteState[] = [];
  const look = async (): Promise<readonly RemoteState[]> => {
    if (remotes.length === 0) return [];
    const before = new Map(states.map((state) => [state.pipeline, state.fault]));
    states = await parts.worker.look(bundleFoldersOf(live));
    for (const state of states) {
      if (before.get(state.pipeline) === state.fault) continue;
      if (state.fault === null)
        log.info('inference server ready, its golden vectors are right', { ...state });
      else {
        log.error('inference server not used', { ...state });
        alerts.raise('inference server', sentence(state));
      }
    }
    return states;
  };
  return {
    look,
    lines: () => [...remotes.map(({ name }) => line(name, states)), ...providers],
  };
}

/** Throws ATTENTION_NEEDED where a server cannot be used. */
export function requireReady(states: readonly RemoteState[]): void {
  const faulty = states.filter(({ fault }) => fault !== null);
  if (faulty.length > 0) throw new WillisError('ATTENTION_NEEDED', faulty.map(sentence).join(' '));
}

/** The first look, behind the start of the node: a server that is away does not keep images waiting. */
export function lookBehind(health: RemoteHealth, log: Log): void {
  health
    .look()
    .catch((error: unknown) =>
      log.error('the inference servers could not be looked at', { why: describeError(error) }),
    );
}

function bundleFoldersOf({ routes }: LiveSettings): readonly string[] {
  const folders = [...routes.values()].flatMap(({ bundleFolder, also = [] }) => [
    bundleFolder,
    ...also.map((one) => one.bundleFolder),
  ]);
  return [...new Set(folders)];
}

function line(name: string, states: readonly RemoteState[]): string {
  const own = states.filter(({ remote }) => remote === name);
  if (own.length === 0) return `remote ${name} (not asked yet)`;
  const said = own.map(({ pipeline, fault }) => `${pipeline}: ${fault === null ? 'ready' : 'not used'}`);
  return `remote ${name} (${said.join(', ')})`;
}

function sentence({ remote, pipeline, fault, instead }: RemoteState): string {
  const then = instead === 'local' ? 'This machine computes instead.' : 'Its series wait.';
  return `${pipeline} on "${remote}": ${fault ?? ''} ${then}`;
}
