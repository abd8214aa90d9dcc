import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { openEngine } from '../../src/inference/index.ts';

/** A server of the Open Inference Protocol v2 with binary tensors, written to its text, that can be made to misbehave. */
export interface InferenceServerDouble extends AsyncDisposable {
  readonly url: string;
  /** Every request that asked for an inference. */
  readonly inferences: number;
  behaviour: Behaviour;
}

export interface Behaviour {
  /** Network file served for a model; left out: the one of its name. */
  readonly fileFor?: (file: string) => string;
  readonly version?: string;
  readonly datatype?: 'FP32' | 'FP16';
  readonly status?: number;
  /** Sends this instead of an answer to an inference. */
  readonly answer?: { readonly body: Buffer; readonly headerLength?: number };
  readonly silent?: boolean;
  readonly token?: string;
}

type Tensor = { name: string; shape: number[]; datatype: string; parameters: { binary_data_size: number } };

/** `files`: model name -> network file. `inputs`: what each model takes, for its metadata. */
export async function startInferenceServer(
  files: ReadonlyMap<string, { readonly file: string; readonly inputs: readonly string[] }>,
): Promise<InferenceServerDouble> {
  const engine = openEngine({ providers: ['cpu'], threads: 2 });
  let inferences = 0;
  const double = { behaviour: {} as Behaviour };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, token, datatype = 'FP32' } = double.behaviour;
    const body = await bodyOf(request);
    if (double.behaviour.silent === true) return;
    if (status !== undefined) return void response.writeHead(status).end(JSON.stringify({ error: 'no' }));
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return void response.writeHead(401).end();
    const [, , , name = '', verb] = request.url!.split('/');
    const model = files.get(decodeURIComponent(name));
    if (model === undefined)
      return void response.writeHead(404).end(JSON.stringify({ error: 'unknown model' }));
    if (verb === 'ready') return void response.end();
    if (verb === undefined)
      return void response.end(
        JSON.stringify({
          name,
          inputs: model.inputs.map((input) => ({ name: input, datatype, shape: [-1] })),
        }),
      );
    inferences += 1;
    await infer(response, model.file, {
      body,
      split: Number(request.headers['inference-header-content-length']),
    });
  }

  async function infer(
    response: ServerResponse,
    file: string,
    { body, split }: { body: Buffer; split: number },
  ): Promise<void> {
    const { fileFor = (same: string) => same, version = '1', datatype = 'FP32', answer } = double.behaviour;
    if (answer !== undefined) {
      send(response, answer.body, answer.headerLength);
      return;
    }
    const header = JSON.parse(body.subarray(0, split).toString()) as {
      inputs: Tensor[];
      outputs: { name: string }[];
    };
    let at = split;
    const inputs = header.inputs.map(({ name, shape, parameters }) => {
      const bytes = Uint8Array.from(body.subarray(at, (at += parameters.binary_data_size))).buffer;
      const data = datatype === 'FP32' ? new Float32Array(bytes) : Float32Array.from(new Float16Array(bytes));
      return { name, shape, data };
    });
    const names = header.outputs.map(({ name }) => name);
    const found = await engine.run(fileFor(file), inputs, names);
    const tensors = names.map((name) => {
      const values = datatype === 'FP32' ? found[name]! : Float16Array.from(found[name]!);
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      return { name, bytes, count: values.length };
    });
    const head = Buffer.from(
      JSON.stringify({
        model_version: version,
        outputs: tensors.map(({ name, bytes, count }) => ({
          ...{ name, datatype, shape: [count], parameters: { binary_data_size: bytes.length } },
        })),
      }),
    );
    send(response, Buffer.concat([head, ...tensors.map(({ bytes }) => bytes)]), head.length);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.defineProperties(double, {
    url: { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    inferences: { get: () => inferences },
    [Symbol.asyncDispose]: {
      value: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await engine[Symbol.asyncDispose]();
      },
    },
  }) as unknown as InferenceServerDouble;
}

function send(response: ServerResponse, body: Buffer, headerLength?: number): void {
  if (headerLength !== undefined) response.setHeader('Inference-Header-Content-Length', headerLength);
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The models of a bundle as the node names them on a server. */
export function modelsOf(
  bundle: {
    readonly folder: string;
    readonly manifest: { readonly id: string; readonly version: string };
  },
  networks: readonly { readonly file: string; readonly inputs: readonly string[] }[],
): Map<string, { file: string; inputs: readonly string[] }> {
  const { id, version } = bundle.manifest;
  return new Map(
    networks.map(({ file, inputs }) => [
      `${id}-${version}-${path.parse(file).name}`,
      { file: `${bundle.folder}/${file}`, inputs },
    ]),
  );
}
