import path from 'node:path';
import { WillisError } from '../../errors.ts';
import type { Bundle } from '../bundle.ts';
import type { Engine, NetworkInput } from '../engine.ts';
import { networkFilesOf } from '../manifest.ts';
import type { InferenceAnswer } from './message.ts';
import type { InferenceServer, RemoteModel } from './server.ts';

/** How far golden vectors read by `engine` are from the kit's; the pipelines know how to read them. */
export type GoldenCheck = (bundle: Bundle, engine: Engine) => Promise<number>;

export interface TrustOptions {
  /** Of the server. */
  readonly name: string;
  readonly maxGoldenDifference: number;
  /** After a failure the server is left alone for so long. */
  readonly retrySeconds: number;
}

interface Call {
  readonly inputs: readonly NetworkInput[];
  readonly outputs: readonly string[];
  readonly answer: InferenceAnswer;
}

interface CheckedNetwork {
  readonly model: RemoteModel;
  /** The smallest of the golden calls: it is asked again now and then. */
  readonly probe: Call;
}

/** A check holds for so long; then each network must answer its smallest golden call as it did. */
const trustMs = 30_000;
/** Of the largest value: the same weights on the same machine round alike. */
const probeTolerance = 2e-3;

/**
 * A bundle's networks on a server. Nothing is answered by weights that were not checked: the golden vectors must come out as the
 * kit's, before the first answer, after any failure, and whenever a model's version or its answer to a known call has changed.
 */
export class TrustedBundle {
  readonly bundle: Bundle;
  private readonly server: InferenceServer;
  private readonly options: TrustOptions;
  private readonly check: GoldenCheck;
  private networks: ReadonlyMap<string, CheckedNetwork> = new Map();
  private checkedAt = -Infinity;
  private failure: { readonly error: unknown; readonly at: number } | undefined;
  private checking: Promise<void> | undefined;

  constructor(bundle: Bundle, parts: { server: InferenceServer; options: TrustOptions; check: GoldenCheck }) {
    this.bundle = bundle;
    this.server = parts.server;
    this.options = parts.options;
    this.check = parts.check;
  }

  /** Resolves where the server can be used now. Throws what is wrong with it, REMOTE_WEIGHTS_DIFFER among it. */
  async ready(): Promise<void> {
    const { failure, options } = this;
    if (failure !== undefined && performance.now() - failure.at < options.retrySeconds * 1000)
      throw failure.error;
    if (performance.now() - this.checkedAt < trustMs) return;
    this.checking ??= this.failing(async () => await this.examine()).finally(
      () => (this.checking = undefined),
    );
    await this.checking;
  }

  async run(
    file: string,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>> {
    await this.ready();
    return await this.failing(async () => {
      const { model, probe } = this.networks.get(file)!;
      const answer = await this.server.infer(model, inputs, outputs);
      const version = probe.answer.modelVersion;
      if (answer.modelVersion === version) return answer.outputs;
      throw this.differs(`${model.name} went from version ${version} to ${answer.modelVersion}`);
    });
  }

  /** Any failure ends the trust: whoever answers next may be another server. */
  private async failing<T>(work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      this.failure = undefined;
      return done;
    } catch (error) {
      this.networks = new Map();
      this.checkedAt = -Infinity;
      this.failure = { error, at: performance.now() };
      throw error;
    }
  }

  private async examine(): Promise<void> {
    if (!(await this.answersAsBefore())) this.networks = await this.golden();
    this.checkedAt = performance.now();
  }

  private async answersAsBefore(): Promise<boolean> {
    if (this.networks.size === 0) return false;
    for (const { model, probe } of this.networks.values()) {
      const answer = await this.server.infer(model, probe.inputs, probe.outputs);
      if (!isSame(answer, probe.answer)) return false;
    }
    return true;
  }

  private async golden(): Promise<ReadonlyMap<string, CheckedNetwork>> {
    const models = new Map<string, RemoteModel>();
    for (const { file } of networkFilesOf(this.bundle.manifest))
      models.set(`${this.bundle.folder}/${file}`, await this.server.model(modelName(this.bundle, file)));
    const calls = new Map<string, Call>();
    const difference = await this.difference(this.recording(models, calls));
    const most = this.options.maxGoldenDifference;
    if (!(difference <= most))
      throw this.differs(
        `a probability of the golden vectors is off by ${difference.toFixed(4)} (at most ${most})`,
      );
    const unproven = [...models].find(([file]) => !calls.has(file));
    if (unproven !== undefined) throw this.differs(`the golden vectors do not reach ${unproven[1].name}`);
    return new Map([...models].map(([file, model]) => [file, { model, probe: calls.get(file)! }]));
  }

  private async difference(engine: Engine): Promise<number> {
    return await this.check(this.bundle, engine).catch((error: unknown) => {
      if (error instanceof WillisError && error.code === 'MODEL_OUTPUT_INVALID')
        throw this.differs('it answers with values that are no numbers');
      throw error;
    });
  }

  /** The server as it is, for the golden vectors alone. */
  private recording(models: ReadonlyMap<string, RemoteModel>, calls: Map<string, Call>): Engine {
    return {
      provider: this.options.name,
      run: async (file, inputs, outputs) => {
        const answer = await this.server.infer(models.get(file)!, inputs, outputs);
        const known = calls.get(file);
        if (known === undefined || sizeOf(inputs) < sizeOf(known.inputs))
          calls.set(file, { inputs, outputs, answer });
        return answer.outputs;
      },
      [Symbol.asyncDispose]: async () => await Promise.resolve(),
    };
  }

  private differs(why: string): WillisError {
    const { id, version } = this.bundle.identity;
    return new WillisError(
      'REMOTE_WEIGHTS_DIFFER',
      `The inference server "${this.options.name}" does not run the networks of ${id} ${version}: ${why}. It is not used. Load the models that "willis bundles --model-repository" writes; at half precision allow more by "maxGoldenDifference".`,
      { retry: 'later' },
    );
  }
}

/** What a network of a bundle is called on a server: another version of the bundle is another model. */
export function modelName({ manifest }: Pick<Bundle, 'manifest'>, file: string): string {
  return `${manifest.id}-${manifest.version}-${path.parse(file).name}`;
}

function sizeOf(inputs: readonly NetworkInput[]): number {
  return inputs.reduce((sum, { data }) => sum + data.length, 0);
}

function isSame(one: InferenceAnswer, other: InferenceAnswer): boolean {
  if (one.modelVersion !== other.modelVersion) return false;
  return Object.entries(other.outputs).every(([name, expected]) => {
    const found = one.outputs[name]!;
    if (found.length !== expected.length) return false;
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    return expected.every((value, index) => Math.abs(found[index]! - value) <= probeTolerance * scale);
  });
}
