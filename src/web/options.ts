import type { SeriesOutcome, SeriesTask } from '../analysis/index.ts';
import type { ArchiveFiles, Database } from '../archive/index.ts';
import type { Destination } from '../delivery/index.ts';
import type { Bundle, ListedBundle } from '../inference/index.ts';
import type { IncomingInstance, Rule } from '../intake/index.ts';
import type { EventHub, Log, LogRing, Metrics, TaskRun, Throughput } from '../operations/index.ts';

/** Where the page listens and how long a login lasts. */
export interface WebOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls: { readonly certificate: Buffer; readonly key: Buffer } | null;
  /** Names beside the IP addresses and "localhost" by which browsers may call the page. */
  readonly allowedHosts: readonly string[];
  readonly sessionIdleMinutes: number;
  readonly sessionHours: number;
  /** Null: accounts of the node alone. */
  readonly oidc: OidcOptions | null;
  /** Longest object STOW-RS takes. */
  readonly maxInstanceBytes: number;
  /** Folder of the built page; where it is missing, the server offers the API alone. */
  readonly pageFolder: string;
}

export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** How browsers reach the page. */
  readonly pageUrl: string;
  readonly scope: string;
  readonly nameClaim: string;
  readonly roleClaim: string;
  readonly admins: readonly string[];
  readonly readers: readonly string[];
}

/** The node as the page sees it. */
export interface NodeAccess {
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly log: LogRing & Log;
  readonly events: EventHub;
  readonly metrics: Metrics;
  readonly throughput: Throughput;
  readonly startedAt: number;
  readonly version: string;
  readonly now: () => number;
  readonly facts: () => NodeFacts;
  /** Associations that ended, newest first. */
  readonly calls: () => readonly Call[];
  readonly settings: SettingsPort;
  /** Looks for due jobs now. */
  readonly wake: () => void;
  readonly bundles: BundlePort;
  readonly echo: (peer: Peer) => Promise<{ readonly lines: readonly string[] }>;
  /** Asks a destination by its name whether it answers: C-ECHO, or a search by DICOMweb. */
  readonly check: (destination: string) => Promise<{ readonly lines: readonly string[] }>;
  /** The same way in as C-STORE: resolves when file and row are durable. */
  readonly analyse: (task: SeriesTask) => Promise<SeriesOutcome>;
  readonly operations: OperationsPort;
  /** Told of each act that is written into the audit. */
  readonly acted: (act: ActedUpon) => void;
  readonly take: (incoming: IncomingInstance) => Promise<{ readonly seriesId: number }>;
  readonly admit: () => { readonly kind: 'accept' } | { readonly kind: 'busy'; readonly why: string };
}

/** The bundles of the node. */
export interface BundlePort {
  list(): Promise<readonly ShelvedBundle[]>;
  /** `fill` puts the files of a bundle into a folder; it is checked, golden vectors and all, and kept. Throws BUNDLE_INVALID, STATE_CONFLICT, NODE_BUSY. */
  add(fill: (folder: string) => Promise<void>): Promise<Bundle>;
  /** Throws NOT_FOUND where no uploaded bundle is called so. */
  remove(name: string): Promise<void>;
  /** The folders of the bundles that serve each rule now, by its name. */
  ofRules(): ReadonlyMap<string, readonly string[]>;
  /** Where the models lie that name arteries and find the brain, for every bundle, an uploaded one too; null where the node has no bundles of its own. */
  helpersFolder(): Promise<string | null>;
}

/** Those that were uploaded serve only where the configuration names them. */
export type ShelvedBundle = ListedBundle & { readonly isUploaded: boolean };

/** What the node does by itself. */
export interface OperationsPort {
  tasks(): Promise<readonly OperationTask[]>;
  /** Throws NOT_FOUND; resolves when the task has ended. */
  runNow(name: string): Promise<TaskRun>;
  certificates(): Promise<readonly { file: string; use: string; subject: string; validTo: number }[]>;
  /** Sends a test to those who get alerts; resolves when it went out or failed, which the log says. */
  testAlert(): Promise<void>;
}

export interface OperationTask {
  readonly name: string;
  readonly schedule: string;
  readonly nextRunAt: number | null;
  /** Newest first. */
  readonly runs: readonly TaskRun[];
}

export interface ActedUpon {
  readonly who: string;
  readonly address: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'success' | 'refused';
}

/** What the node is right now; parts of it change with the configuration. */
export interface NodeFacts {
  readonly aeTitle: string;
  readonly dicomHost: string;
  readonly dicomPort: number;
  readonly addresses: readonly string[];
  readonly providers: readonly string[];
  readonly threads: number;
  readonly callers: readonly { readonly aeTitle: string; readonly host?: string | undefined }[];
  readonly destinations: readonly Destination[];
  readonly resultKinds: readonly string[];
  readonly rules: readonly Rule[];
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** An association as an administrator reads it. */
export interface Call {
  readonly at: number;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly ending: string;
  readonly text: string;
  readonly negotiation: readonly string[];
}

export interface Peer {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
}

/** The configuration file as the page may see and change it. */
export interface SettingsPort {
  document(): {
    readonly file: string;
    readonly value: Readonly<Record<string, unknown>>;
    readonly sha256: string;
    readonly fault: string | null;
  };
  replace(value: unknown, expectedSha256: string, by: { who: string; why: string }): Promise<unknown>;
  history(): Promise<readonly { id: string; at: number; who: string; why: string; sha256: string }[]>;
  version(id: string): Promise<unknown>;
  /** Top-level keys whose change waits for a restart. */
  restartNeeded(): readonly string[];
  schema(): unknown;
}
