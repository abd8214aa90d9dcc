import { WillisError } from '../../errors.ts';
import type { NetworkInput } from '../engine.ts';

/** Floating point as the server's model declares it; half precision is converted on our side. */
export type Datatype = 'FP32' | 'FP16';

/** An inference request: `headerLength` bytes of JSON, then each input's values, as the Binary tensor data extension says. */
export interface RequestMessage {
  readonly body: Buffer;
  readonly headerLength: number;
}

export interface InferenceAnswer {
  readonly modelVersion: string;
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** Open Inference Protocol v2, inference request with binary tensors, little endian, row-major; all outputs binary too. */
export function encodeRequest(
  inputs: readonly NetworkInput[],
  datatypeOf: (input: string) => Datatype,
  outputs: readonly string[],
): RequestMessage {
  const tensors = inputs.map(({ name, data }) => bytesOf(data, datatypeOf(name)));
  const header = {
    inputs: inputs.map(({ name, shape }, index) => ({
      ...{ name, shape, datatype: datatypeOf(name) },
      parameters: { binary_data_size: tensors[index]!.byteLength },
    })),
    outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
  };
  const json = Buffer.from(JSON.stringify(header));
  return { body: Buffer.concat([json, ...tensors]), headerLength: json.length };
}

/**
 * The named outputs of an answer. `headerLength` is its Inference-Header-Content-Length, null where all of it is JSON. Throws
 * REMOTE_ANSWER_INVALID where an output is missing, of another type, or as long as its shape does not say.
 */
export function decodeAnswer(
  body: Buffer,
  headerLength: number | null,
  outputs: readonly string[],
): InferenceAnswer {
  const header = headerOf(body.subarray(0, headerLength ?? body.length));
  let at = headerLength ?? body.length;
  const found = new Map<string, Float32Array>();
  for (const tensor of header.outputs) {
    const size = tensor.parameters?.binary_data_size;
    found.set(
      tensor.name,
      size === undefined ? listed(tensor) : binary(tensor, body.subarray(at, at + size)),
    );
    at += size ?? 0;
  }
  if (at !== body.length) throw invalid(`it is ${body.length} bytes long, its header tells of ${at}`);
  const missing = outputs.filter((name) => !found.has(name));
  if (missing.length > 0) throw invalid(`it lacks ${missing.join(', ')}`);
  return {
    modelVersion: header.model_version ?? '',
    outputs: Object.fromEntries(outputs.map((name) => [name, found.get(name)!])),
  };
}

interface OutputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: readonly unknown[];
}

interface Header {
  readonly model_version?: string;
  readonly outputs: readonly OutputTensor[];
}

function headerOf(json: Buffer): Header {
  try {
    const header = JSON.parse(json.toString('utf8')) as Partial<Header> | null;
    if (Array.isArray(header?.outputs)) return header as Header;
  } catch {
    // said below, with what is wrong
  }
  throw invalid('its header is no inference response');
}

function binary({ name, datatype, shape }: OutputTensor, bytes: Buffer): Float32Array {
  const count = countOf(shape);
  const width = datatype === 'FP32' ? 4 : datatype === 'FP16' ? 2 : undefined;
  if (width === undefined) throw invalid(`${name} is ${datatype}, which is not read`);
  if (bytes.length !== count * width)
    throw invalid(`${name} has ${bytes.length} bytes, its shape ${shape.join(' x ')} needs ${count * width}`);
  // a copy: tensors need not begin where a typed array may
  const own = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return width === 4 ? new Float32Array(own) : Float32Array.from(new Float16Array(own));
}

/** A server without the extension writes the values into the JSON, nested or not; what JSON has no number for comes as null. */
function listed({ name, shape, data }: OutputTensor): Float32Array {
  const values = (data ?? []).flat(Infinity);
  if (values.length !== countOf(shape)) throw invalid(`${name} has ${values.length} values`);
  if (!values.every((value) => typeof value === 'number'))
    throw invalid(`${name} has values that are no numbers`);
  return Float32Array.from(values);
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function bytesOf(data: Float32Array, datatype: Datatype): Uint8Array {
  const values = datatype === 'FP32' ? data : Float16Array.from(data);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function invalid(why: string): WillisError {
  return new WillisError(
    'REMOTE_ANSWER_INVALID',
    `The inference server's answer cannot be used: ${why}. Does it speak the Open Inference Protocol v2 (NVIDIA Triton, KServe)?`,
    { retry: 'later' },
  );
}
