import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { WillisError, describeError } from '../../errors.ts';
import { openBudget, type Budget } from './budget.ts';
import { unpack } from './unpack.ts';

/** What a form brought: files under names of our own, and its fields. */
export interface Upload {
  readonly files: readonly string[];
  readonly fields: Readonly<Record<string, string>>;
}

const mostFields = 10;
const longestFieldBytes = 10_000;

/**
 * Takes a form (multipart/form-data) with files, folders or ZIP archives into `folder`. Throws UPLOAD_TOO_LARGE, REQUEST_INVALID;
 * what was written then is removed by who gave the folder.
 */
export async function takeUpload(
  request: FastifyRequest,
  folder: string,
  limits: { readonly bytes: number; readonly files: number },
): Promise<Upload> {
  await mkdir(folder, { recursive: true });
  const budget = openBudget(limits);
  const fields: Record<string, string> = {};
  const files: string[] = [];
  await readForm(request, {
    onField: (name, value) => (fields[name] = value),
    onFile: async (stream, name) => files.push(...(await takeFile(stream, { name, folder, budget }))),
  });
  return { files, fields };
}

async function takeFile(
  stream: Readable,
  place: { readonly name: string; readonly folder: string; readonly budget: Budget },
): Promise<readonly string[]> {
  const { name, folder, budget } = place;
  const file = path.join(folder, budget.nextName());
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      budget.spend(chunk.length);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  if (!/\.zip$/i.test(name)) return [file];
  const unpacked = await unpack(file, folder, budget);
  await rm(file);
  return unpacked;
}

async function readForm(
  request: FastifyRequest,
  to: {
    readonly onField: (name: string, value: string) => void;
    readonly onFile: (stream: Readable, name: string) => Promise<unknown>;
  },
): Promise<void> {
  const form = openForm(request.headers['content-type'] ?? '');
  const body = request.body as Readable;
  const faults: unknown[] = [];
  const taken: Promise<unknown>[] = [];
  form.on('field', (name: string, value: string) => to.onField(name, value));
  form.on('file', (_field: string, stream: BusboyFileStream, name: string) => {
    const work = to.onFile(stream, name).catch((error: unknown) => {
      faults.push(error);
      // what follows a refused file is not read: the answer goes out, and the connection ends
      form.destroy();
    });
    taken.push(work);
  });
  await pipeline(body, form).catch((error: unknown) => faults.push(error));
  await Promise.all(taken);
  if (faults.length === 0) return;
  if (faults[0] instanceof WillisError) throw faults[0];
  throw new WillisError('REQUEST_INVALID', `The upload is broken: ${describeError(faults[0])}`);
}

function openForm(contentType: string): InstanceType<typeof Busboy> {
  try {
    const limits = { fields: mostFields, fieldSize: longestFieldBytes, headerPairs: 50 };
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (cause) {
    throw new WillisError('MEDIA_TYPE_UNSUPPORTED', 'Send the files as multipart/form-data.', { cause });
  }
}
