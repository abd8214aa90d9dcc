import { InferenceSession, Tensor } from 'onnxruntime-node';
import { WillisError, describeError } from '../errors.ts';

type Provider = 'cuda' | 'cpu';

/** Inference sessions of one thread, one a model file, kept warm. `run` blocks its thread: use it in a worker. */
export interface Engine extends AsyncDisposable {
  /** What runs the networks, e.g. "cpu", or "cpu (cuda: not available: ...)". */
  readonly provider: string;
  /** Runs a network on its inputs and gives the named outputs; throws MODEL_NOT_RUNNABLE. */
  run(
    file: string,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>>;
}

export interface NetworkInput {
  readonly name: string;
  readonly data: Float32Array;
  /** As the network names its axes, the batch first. */
  readonly shape: readonly number[];
}

export interface EngineOptions {
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/** How sessions are made. */
export type CreateSession = (
  file: string,
  options: InferenceSession.SessionOptions,
) => Promise<Pick<InferenceSession, 'run' | 'release'>>;

const create: CreateSession = async (file, options) => await InferenceSession.create(file, options);

/**
 * Opens an engine; sessions are made at first use with the first of `providers` that works, the rest is noted. A provider that fails in
 * the midst of a run, as a graphics card does whose memory others have filled, is left as well, and the run done by the next.
 */
export function openEngine(options: EngineOptions, createSession = create): Engine {
  return new OnnxEngine(options, createSession);
}

export interface NetworkTensor {
  readonly name: string;
  /** -1 where an axis is free. */
  readonly shape: readonly number[];
}

/** What a network file takes and gives. */
export async function signatureOf(
  file: string,
): Promise<{ readonly inputs: readonly NetworkTensor[]; readonly outputs: readonly NetworkTensor[] }> {
  const session = await InferenceSession.create(file, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const tensors = (all: readonly InferenceSession.ValueMetadata[]): NetworkTensor[] =>
    all
      .filter((one) => one.isTensor)
      .map(({ name, shape }) => ({
        name,
        shape: shape.map((size) => (typeof size === 'number' ? size : -1)),
      }));
  const signature = { inputs: tensors(session.inputMetadata), outputs: tensors(session.outputMetadata) };
  await session.release();
  return signature;
}

interface Opened {
  readonly session: Awaited<ReturnType<CreateSession>>;
  readonly provider: Provider;
}

class OnnxEngine implements Engine {
  private readonly options: EngineOptions;
  private readonly createSession: CreateSession;
  private readonly sessions = new Map<string, Promise<Opened>>();
  /** Why a provider is not used, by provider: one sentence each, however many networks a bundle has. */
  private readonly notes = new Map<Provider, string>();
  private chosen: Provider | undefined;

  constructor(options: EngineOptions, createSession: CreateSession) {
    this.options = options;
    this.createSession = createSession;
  }

  get provider(): string {
    const name = this.chosen ?? this.options.providers[0] ?? 'cpu';
    return this.notes.size === 0 ? name : `${name} (${this.said()})`;
  }

  async run(
    file: string,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>> {
    const { session, provider } = await this.session(file);
    try {
      const feeds = Object.fromEntries(
        inputs.map(({ name, data, shape }) => [name, new Tensor('float32', data, [...shape])]),
      );
      const results = await session.run(feeds, [...outputs]);
      return Object.fromEntries(outputs.map((name) => [name, results[name]!.data as Float32Array]));
    } catch (cause) {
      const why = inShort(describeError(cause));
      if (this.after(provider).length === 0)
        throw new WillisError('MODEL_NOT_RUNNABLE', `The network did not run: ${why}`, {
          cause,
          retry: 'later',
        });
      this.notes.set(provider, `${provider}: left after a run that failed: ${why}`);
      this.sessions.set(file, this.open(file, this.after(provider)));
      await session.release();
      return await this.run(file, inputs, outputs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sessions = await Promise.allSettled(this.sessions.values());
    for (const session of sessions) if (session.status === 'fulfilled') await session.value.session.release();
  }

  private async session(file: string): Promise<Opened> {
    const opened = this.sessions.get(file) ?? this.open(file, this.options.providers);
    this.sessions.set(file, opened);
    return await opened;
  }

  /** What is tried where a provider fails. */
  private after(provider: Provider): readonly Provider[] {
    return this.options.providers.slice(this.options.providers.indexOf(provider) + 1);
  }

  private async open(file: string, providers: readonly Provider[]): Promise<Opened> {
    for (const provider of providers) {
      try {
        const session = await this.createSession(file, this.sessionOptions(provider));
        this.chosen = provider;
        return { session, provider };
      } catch (cause) {
        this.notes.set(provider, `${provider}: not available: ${inShort(describeError(cause))}`);
      }
    }
    throw new WillisError(
      'MODEL_NOT_RUNNABLE',
      `No execution provider could load the network. ${this.said()}`,
    );
  }

  private said(): string {
    return [...this.notes.values()].join('; ');
  }

  /**
   * Spinning threads would take the cores from receiver and delivery for nothing measurable (docs/performance.md). Weights
   * stored as int8 are storage only: they are unpacked once at load, else every run would unpack them again.
   */
  private sessionOptions(provider: Provider): InferenceSession.SessionOptions {
    return {
      executionProviders: [provider],
      intraOpNumThreads: this.options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      extra: { session: { intra_op: { allow_spinning: '0' }, disable_quant_qdq: '1' } },
      logSeverityLevel: 3,
    };
  }
}

/** The first line without the library's own source places and without folders: it stands in reports. */
function inShort(text: string): string {
  const [line = text] = text.split('\n');
  return line
    .replace(/^.*\bFAIL : /, '')
    .replaceAll(/\/(?:[^\s/:]+\/)+/g, '')
    .slice(0, 200);
}
