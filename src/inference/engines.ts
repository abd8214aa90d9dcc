import { existsSync } from 'node:fs';
import path from 'node:path';
import { WillisError, describeError } from '../errors.ts';
import { loadBundle } from './bundle.ts';
import { openEngine, type Engine, type EngineOptions, type NetworkInput } from './engine.ts';
import { openServer, type InferenceServer, type ServerAddress } from './remote/server.ts';
import { TrustedBundle, type GoldenCheck, type TrustOptions } from './remote/trusted-bundle.ts';

/** An inference server and the pipelines whose networks run there. */
export interface RemoteOptions extends ServerAddress, TrustOptions {
  readonly pipelines: readonly string[];
  /** `local`: this machine computes instead, and says so; `wait`: the series waits for the server. */
  readonly ifUnavailable: 'local' | 'wait';
}

export interface EnginesOptions extends EngineOptions {
  readonly remotes?: readonly RemoteOptions[] | undefined;
}

/** What a look at a bundle's server gave. */
export interface RemoteState {
  readonly remote: string;
  readonly pipeline: string;
  /** Null where it is ready, and its weights are the bundle's. */
  readonly fault: string | null;
  readonly instead: RemoteOptions['ifUnavailable'];
}

/** This machine and the inference servers, for one thread. */
export interface Engines extends AsyncDisposable {
  /** An engine that remembers what ran the networks of one series. */
  forSeries(): Engine;
  /** Whether the server of a bundle is ready and runs its weights; null where this machine runs it. */
  look(bundleFolder: string): Promise<RemoteState | null>;
}

/** Opens this machine's engine and the servers; a server is asked at first use. `check` knows how golden vectors are read. */
export function openEngines(options: EnginesOptions, check: GoldenCheck): Engines {
  return new RoutingEngines(options, check);
}

/** A failure that may end by itself: the server is down, or runs other weights. */
export function isRemoteFault(error: unknown): error is WillisError {
  return error instanceof WillisError && error.retry === 'later' && error.code.startsWith('REMOTE_');
}

interface Remote {
  readonly options: RemoteOptions;
  readonly networks: TrustedBundle;
}

class RoutingEngines implements Engines {
  readonly local: Engine;
  private readonly remotes: readonly { options: RemoteOptions; server: InferenceServer }[];
  private readonly check: GoldenCheck;
  private readonly routes = new Map<string, Promise<Remote | null>>();

  constructor(options: EnginesOptions, check: GoldenCheck) {
    this.local = openEngine(options);
    this.remotes = (options.remotes ?? []).map((one) => ({ options: one, server: openServer(one) }));
    this.check = check;
  }

  forSeries(): Engine {
    return new SeriesEngine(this);
  }

  async look(bundleFolder: string): Promise<RemoteState | null> {
    const remote = await this.route(bundleFolder);
    if (remote === null) return null;
    const { options, networks } = remote;
    const fault = await networks.ready().then(() => null, describeError);
    const { pipeline } = networks.bundle.manifest;
    return { remote: options.name, pipeline, fault, instead: options.ifUnavailable };
  }

  async route(bundleFolder: string): Promise<Remote | null> {
    if (this.remotes.length === 0) return null;
    const known = this.routes.get(bundleFolder) ?? this.find(bundleFolder);
    this.routes.set(bundleFolder, known);
    return await known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.remotes) await server[Symbol.asyncDispose]();
    await this.local[Symbol.asyncDispose]();
  }

  private async find(bundleFolder: string): Promise<Remote | null> {
    // a helper model beside the bundles is of no pipeline that a server could be named for
    if (!existsSync(path.join(bundleFolder, 'model.json'))) return null;
    const bundle = await loadBundle(bundleFolder);
    const remote = this.remotes.find(({ options }) => options.pipelines.includes(bundle.manifest.pipeline));
    if (remote === undefined) return null;
    return { options: remote.options, networks: new TrustedBundle(bundle, { ...remote, check: this.check }) };
  }
}

class SeriesEngine implements Engine {
  private readonly engines: RoutingEngines;
  private readonly used = new Set<string>();
  /** Why a server was not used, by its name. */
  private readonly notes = new Map<string, string>();
  private ranHere = false;

  constructor(engines: RoutingEngines) {
    this.engines = engines;
  }

  get provider(): string {
    const here = this.ranHere || this.used.size === 0 ? [this.engines.local.provider] : [];
    const notes = [...this.notes].map(([name, why]) => `remote ${name}: ${why}`);
    const said = [...[...this.used].map((name) => `remote ${name}`), ...here].join(', then ');
    return notes.length === 0 ? said : `${said} (${notes.join('; ')})`;
  }

  async run(
    file: string,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>> {
    const remote = await this.engines.route(path.dirname(file));
    if (remote !== null) {
      try {
        const found = await remote.networks.run(file, inputs, outputs);
        this.used.add(remote.options.name);
        return found;
      } catch (error) {
        if (!(error instanceof WillisError) || remote.options.ifUnavailable === 'wait') throw error;
        // the code alone: addresses do not belong into reports
        this.notes.set(remote.options.name, `not used, ${error.code}`);
      }
    }
    this.ranHere = true;
    return await this.engines.local.run(file, inputs, outputs);
  }

  /** Sessions and connections belong to the thread, not to a series. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}
