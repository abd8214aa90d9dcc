import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { WillisError, describeError } from '../errors.ts';
import { parseConfig, parseJson } from './load.ts';
import type { Config } from './schema.ts';

/** One version of the configuration that was in force, or was written by hand. */
export interface ConfigVersion {
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly why: string;
  readonly sha256: string;
}

export interface ConfigDocument {
  readonly file: string;
  /** The file's JSON as written: what was left out stays left out. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly sha256: string;
  /** Set while the file on disk is not valid: the node goes on with the last valid one. */
  readonly fault: string | null;
}

/** The configuration file as the one source of truth: validated, written atomically, with history; hand edits are noticed. */
export interface ConfigStore {
  readonly current: Config;
  document(): ConfigDocument;
  /** Writes and applies a new configuration. Throws CONFIG_INVALID, or CONFIG_CHANGED when `expectedSha256` is not what lies on disk. */
  replace(value: unknown, expectedSha256: string, by: { who: string; why: string }): Promise<Config>;
  history(): Promise<readonly ConfigVersion[]>;
  /** The JSON of an earlier version. Throws CONFIG_VERSION_UNKNOWN. */
  version(id: string): Promise<unknown>;
  /** Looks whether the file was changed by hand, and applies it where it is valid. */
  look(): Promise<'same' | 'applied' | 'invalid'>;
}

export interface ConfigStoreOptions {
  readonly file: string;
  /** What stands for the file while there is none; it is written with the first change. */
  readonly valueWithoutFile: unknown;
  readonly now: () => number;
  /** Throws where the node cannot run with a configuration; what it returns puts that into force. */
  readonly prepare: (config: Config) => Promise<() => void>;
}

/** Opens the configuration that `initial` was read from. */
export function openConfigStore(initial: Config, options: ConfigStoreOptions): ConfigStore {
  return new FileConfigStore(initial, options);
}

class FileConfigStore implements ConfigStore {
  private readonly file: string;
  private readonly folder: string;
  private readonly options: ConfigStoreOptions;
  private config: Config;
  private text: string;
  private fault: string | null = null;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(initial: Config, options: ConfigStoreOptions) {
    this.file = path.resolve(options.file);
    this.folder = `${this.file}.history`;
    this.config = initial;
    this.options = options;
    this.text = existsSync(this.file) ? readFileSync(this.file, 'utf8') : this.textWithoutFile();
  }

  get current(): Config {
    return this.config;
  }

  document(): ConfigDocument {
    const { file, text, fault } = this;
    const value = fault === null ? (parseJson(text, file) as Record<string, unknown>) : {};
    return { file, value, sha256: digest(text), fault };
  }

  async replace(value: unknown, expectedSha256: string, by: { who: string; why: string }): Promise<Config> {
    const change = this.writing.then(async () => await this.write(value, expectedSha256, by));
    this.writing = change.catch(() => undefined);
    return await change;
  }

  async history(): Promise<readonly ConfigVersion[]> {
    const names = existsSync(this.folder) ? await readdir(this.folder) : [];
    const newest = names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .reverse()
      .slice(0, 200);
    return await Promise.all(
      newest.map(async (name) => {
        const kept = JSON.parse(await readFile(path.join(this.folder, name), 'utf8')) as Kept;
        const { at, who, why, text } = kept;
        return { id: name.slice(0, -'.json'.length), at, who, why, sha256: digest(text) };
      }),
    );
  }

  async version(id: string): Promise<unknown> {
    if (/^[\w-]+$/.test(id) && existsSync(path.join(this.folder, `${id}.json`))) {
      const kept = JSON.parse(await readFile(path.join(this.folder, `${id}.json`), 'utf8')) as Kept;
      return parseJson(kept.text, id);
    }
    throw new WillisError('CONFIG_VERSION_UNKNOWN', `There is no earlier configuration "${id}".`);
  }

  async look(): Promise<'same' | 'applied' | 'invalid'> {
    const look = this.writing.then(async () => await this.compare());
    this.writing = look.catch(() => undefined);
    return await look;
  }

  private async compare(): Promise<'same' | 'applied' | 'invalid'> {
    const text = await this.read();
    if (digest(text) === digest(this.text)) return this.fault === null ? 'same' : 'invalid';
    const before = { text: this.text, valid: this.fault === null };
    this.text = text;
    try {
      const config = parseConfig(parseJson(text, this.file), this.file);
      const enforce = await this.options.prepare(config);
      if (before.valid) await this.keep(before.text, { who: 'by hand', why: 'the file was edited' });
      this.apply(config, enforce);
      return 'applied';
    } catch (error) {
      this.fault = describeError(error);
      return 'invalid';
    }
  }

  private async write(
    value: unknown,
    expectedSha256: string,
    by: { who: string; why: string },
  ): Promise<Config> {
    const before = await this.read();
    if (digest(before) !== expectedSha256) {
      throw new WillisError(
        'CONFIG_CHANGED',
        'The configuration was changed meanwhile, by hand or by another administrator. Load it again, then make the change.',
      );
    }
    const config = parseConfig(value, 'the new configuration');
    const enforce = await this.options.prepare(config);
    await this.keep(before, by);
    const text = `${JSON.stringify(value, null, 2)}\n`;
    await writeAtomically(this.file, text);
    this.text = text;
    this.apply(config, enforce);
    return config;
  }

  private apply(config: Config, enforce: () => void): void {
    this.config = config;
    this.fault = null;
    enforce();
  }

  private async keep(text: string, by: { who: string; why: string }): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const at = this.options.now();
    const name = `${new Date(at).toISOString().replace(/[:.]/g, '-')}-${digest(text).slice(0, 8)}`;
    const kept: Kept = { at, ...by, text };
    await writeAtomically(path.join(this.folder, `${name}.json`), JSON.stringify(kept, null, 2));
  }

  private async read(): Promise<string> {
    return existsSync(this.file) ? await readFile(this.file, 'utf8') : this.textWithoutFile();
  }

  private textWithoutFile(): string {
    return `${JSON.stringify(this.options.valueWithoutFile, null, 2)}\n`;
  }
}

/** A version that was replaced: when, by whom, for what reason. */
interface Kept {
  readonly at: number;
  readonly who: string;
  readonly why: string;
  readonly text: string;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whole or not at all, also through a power cut; only the node's user may read it. */
async function writeAtomically(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.draft`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
