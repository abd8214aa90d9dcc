import { readFile } from 'node:fs/promises';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { WillisError, describeError } from '../../errors.ts';
import type { NetworkInput } from '../engine.ts';
import { decodeAnswer, encodeRequest, type Datatype, type InferenceAnswer } from './message.ts';

/** An inference server and how it knows us. */
export interface ServerAddress {
  readonly name: string;
  /** The part before /v2. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bearerToken?: string | undefined;
  /** PEM files; every one may be left out. */
  readonly tls?: TlsFiles | undefined;
  readonly timeoutSeconds: number;
  /** Of a request, and of an answer. */
  readonly maxMessageMegabytes: number;
}

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

/** A network as the server holds it. */
export interface RemoteModel {
  readonly name: string;
  readonly datatypes: ReadonlyMap<string, Datatype>;
}

/** An inference server that speaks the Open Inference Protocol v2 over HTTP (NVIDIA Triton, KServe). */
export interface InferenceServer extends AsyncDisposable {
  /** A model that is ready to run. Throws REMOTE_UNREACHABLE, or REMOTE_REFUSED where it is missing or of other inputs. */
  model(name: string): Promise<RemoteModel>;
  /** Throws REMOTE_UNREACHABLE, REMOTE_REFUSED, REMOTE_ANSWER_INVALID, or REMOTE_MESSAGE_TOO_LARGE. */
  infer(
    model: RemoteModel,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<InferenceAnswer>;
}

/** Prepares requests to a server; nothing is asked yet. */
export function openServer(address: ServerAddress): InferenceServer {
  return new HttpServer(address);
}

interface Reply {
  readonly body: Buffer;
  readonly headerLength: number | null;
}

const lengthHeader = 'inference-header-content-length';

class HttpServer implements InferenceServer {
  private readonly address: ServerAddress;
  private readonly root: string;
  private agent: Promise<Agent> | undefined;

  constructor(address: ServerAddress) {
    this.address = address;
    this.root = address.url.replace(/\/+$/, '');
  }

  async model(name: string): Promise<RemoteModel> {
    const place = `/v2/models/${encodeURIComponent(name)}`;
    await this.send('GET', `${place}/ready`);
    const { body } = await this.send('GET', place);
    return { name, datatypes: this.datatypesOf(name, body) };
  }

  async infer(
    model: RemoteModel,
    inputs: readonly NetworkInput[],
    outputs: readonly string[],
  ): Promise<InferenceAnswer> {
    const datatypeOf = (input: string): Datatype => {
      const datatype = model.datatypes.get(input);
      if (datatype !== undefined) return datatype;
      throw this.refused(`its model "${model.name}" has no input "${input}"`);
    };
    const { body, headerLength } = encodeRequest(inputs, datatypeOf, outputs);
    this.requireSmall(body.length);
    const reply = await this.send('POST', `/v2/models/${encodeURIComponent(model.name)}/infer`, {
      body,
      headers: { [lengthHeader]: String(headerLength), 'content-type': 'application/octet-stream' },
    });
    return decodeAnswer(reply.body, reply.headerLength, outputs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.agent)?.destroy();
  }

  private datatypesOf(name: string, metadata: Buffer): ReadonlyMap<string, Datatype> {
    try {
      const { inputs } = JSON.parse(metadata.toString('utf8')) as {
        readonly inputs: readonly { readonly name: string; readonly datatype: Datatype }[];
      };
      const found = new Map(inputs.map((input) => [input.name, input.datatype]));
      if ([...found.values()].every((datatype) => ['FP32', 'FP16'].includes(datatype))) return found;
    } catch {
      // said below
    }
    throw this.refused(`its model "${name}" does not take FP32 or FP16 tensors`);
  }

  private requireSmall(bytes: number): void {
    if (bytes > this.address.maxMessageMegabytes * 1e6)
      throw this.tooLarge(`A request of ${Math.ceil(bytes / 1e6)} MB`);
  }

  private tooLarge(what: string): WillisError {
    const { name, maxMessageMegabytes } = this.address;
    return new WillisError(
      'REMOTE_MESSAGE_TOO_LARGE',
      `${what} between this node and the inference server "${name}" was stopped: "maxMessageMegabytes" allows ${maxMessageMegabytes}. Raise it where the server takes more.`,
    );
  }

  private async send(
    method: 'GET' | 'POST',
    place: string,
    message: { readonly body?: Buffer; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> {
    const { headers, bearerToken } = this.address;
    const sent = {
      ...headers,
      ...(bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }),
      ...message.headers,
    };
    let reply: Dispatcher.ResponseData;
    let body: Buffer;
    try {
      this.agent ??= this.openAgent();
      reply = await request(`${this.root}${place}`, {
        ...{ method, headers: sent, dispatcher: await this.agent },
        // a bound on the whole exchange: timeouts of the client bound silence alone
        signal: AbortSignal.timeout(this.address.timeoutSeconds * 1000),
        ...(message.body === undefined ? {} : { body: message.body }),
      });
      body = Buffer.from(await reply.body.arrayBuffer());
    } catch (cause) {
      throw this.unreachable(cause);
    }
    if (reply.statusCode !== 200)
      throw this.refused(`it answered HTTP ${reply.statusCode} to ${place}${wordsOf(body)}`);
    const length = reply.headers[lengthHeader];
    return { body, headerLength: length === undefined ? null : Number(length) };
  }

  private async openAgent(): Promise<Agent> {
    const { tls, timeoutSeconds, maxMessageMegabytes } = this.address;
    return new Agent({
      connect: tls === undefined ? {} : await tlsOf(tls),
      headersTimeout: timeoutSeconds * 1000,
      bodyTimeout: timeoutSeconds * 1000,
      maxResponseSize: maxMessageMegabytes * 1e6,
    });
  }

  private unreachable(cause: unknown): WillisError {
    if (cause instanceof WillisError) return cause;
    if (cause instanceof errors.ResponseExceededMaxSizeError) return this.tooLarge('An answer');
    const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    return new WillisError(
      'REMOTE_UNREACHABLE',
      `The inference server "${this.address.name}" gave no answer (${describeError(inner)}). Is it running, is its address right, and is a firewall between?`,
      { cause, retry: 'later' },
    );
  }

  private refused(why: string): WillisError {
    return new WillisError(
      'REMOTE_REFUSED',
      `The inference server "${this.address.name}" cannot serve the bundle: ${why}. Load the models that "willis bundles --model-repository" writes, and check the token.`,
      { retry: 'later' },
    );
  }
}

/** Why a server refused: `{"error": "..."}` in the protocol. */
function wordsOf(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { readonly error?: unknown };
    return typeof error === 'string' ? ` (${error.slice(0, 200)})` : '';
  } catch {
    return '';
  }
}

async function tlsOf(files: TlsFiles): Promise<object> {
  const texts = await Promise.all(
    (['ca', 'cert', 'key'] as const).map(async (kind) => [kind, await pem(files[kind])] as const),
  );
  return {
    ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)),
    ...(files.serverName === undefined ? {} : { servername: files.serverName }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

async function pem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new WillisError(
      'TLS_FILES_UNREADABLE',
      `${file}, named under "tls" in the configuration, cannot be read. Check the path and its permissions.`,
      { cause, retry: 'later' },
    );
  });
}
