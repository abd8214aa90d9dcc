import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { part10Header, hexWord } from '../dicom/index.ts';
import { WillisError, describeError } from '../errors.ts';
import { tlsOptions } from './connect.ts';
import { isLastingRefusal, mayHealByWriting } from './sender.ts';
import type { Conversion, OutgoingInstance, SendOutcome, TlsFiles } from './types.ts';

/** A DICOMweb server (PS3.18): its root, the part before /studies, and how it knows us. */
export interface WebServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bearerToken?: string | undefined;
  readonly basic?: { readonly user: string; readonly password: string } | undefined;
  readonly tls?: TlsFiles | undefined;
}

const batchBytes = 32 << 20;
const timeoutMs = 120_000;
const dicomJson = 'application/dicom+json';

/**
 * Stores instances by STOW-RS (PS3.18 10.5), some megabytes a request. One outcome an instance, in order. What the server
 * refuses for good is offered in the next transfer syntax of `conversion`. Throws PEER_UNREACHABLE or DICOMWEB_REFUSED.
 */
export async function stowInstances(
  server: WebServer,
  instances: readonly OutgoingInstance[],
  conversion: Conversion,
): Promise<readonly SendOutcome[]> {
  await using client = await openClient(server);
  const outcomes = new Map<string, SendOutcome>();
  let left = instances.map((instance) => ({ instance, syntaxes: conversion.offered(instance) }));
  for (let round = 0; left.length > 0; round += 1) {
    for (const batch of batches(await encoded(left, round, conversion)))
      for (const outcome of await storeBatch(client, batch)) outcomes.set(outcome.sopInstanceUid, outcome);
    left = left.filter(({ instance, syntaxes }) => {
      const outcome = outcomes.get(instance.sopInstanceUid);
      return outcome !== undefined && mayHealByWriting(outcome) && syntaxes.length > round + 1;
    });
  }
  return instances.map(({ sopInstanceUid }) => outcomes.get(sopInstanceUid)!);
}

interface Part {
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly bytes: Buffer;
}

async function encoded(
  left: readonly { readonly instance: OutgoingInstance; readonly syntaxes: readonly string[] }[],
  round: number,
  conversion: Conversion,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (const { instance, syntaxes } of left) {
    const { path, sopInstanceUid, sopClassUid } = instance;
    const transferSyntaxUid = syntaxes[round] ?? instance.transferSyntaxUid;
    const bytes =
      transferSyntaxUid === instance.transferSyntaxUid
        ? await readFile(path)
        : Buffer.concat([
            part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }),
            await conversion.convert(instance, transferSyntaxUid),
          ]);
    parts.push({ sopInstanceUid, transferSyntaxUid, bytes });
  }
  return parts;
}

function* batches(parts: readonly Part[]): Iterable<readonly Part[]> {
  let batch: Part[] = [];
  let size = 0;
  for (const part of parts) {
    if (batch.length > 0 && size + part.bytes.length > batchBytes) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(part);
    size += part.bytes.length;
  }
  if (batch.length > 0) yield batch;
}

async function storeBatch(client: WebClient, batch: readonly Part[]): Promise<readonly SendOutcome[]> {
  const boundary = `willis-${randomUUID()}`;
  const head = Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
  const body = Buffer.concat([
    ...batch.flatMap(({ bytes }) => [head, bytes]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
  const reply = await client.send('POST', '/studies', { accept: dicomJson, type, body });
  if (![200, 202, 409].includes(reply.status)) throw refused(client.server, reply);
  return readAnswer(batch, reply);
}

type JsonDataset = Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>;

/** Table 10.5.3-2: 200 says that all are stored; 202 and 409 name those that are, and why the others are not. */
function readAnswer(batch: readonly Part[], reply: WebReply): readonly SendOutcome[] {
  const answer = parseJson(reply.body);
  const items = (tag: string): readonly JsonDataset[] =>
    (answer?.[tag]?.Value ?? []) as readonly JsonDataset[];
  const byUid = (tag: string): ReadonlyMap<unknown, JsonDataset> =>
    new Map(items(tag).map((item) => [item['00081155']?.Value?.[0], item]));
  const [stored, failed] = [byUid('00081199'), byUid('00081198')];
  return batch.map(({ sopInstanceUid, transferSyntaxUid }): SendOutcome => {
    const failure = failed.get(sopInstanceUid);
    const success = stored.get(sopInstanceUid);
    if (failure === undefined && (success !== undefined || reply.status === 200)) {
      const status = Number(success?.['00081196']?.Value?.[0] ?? 0);
      return { kind: 'stored', sopInstanceUid, status, transferSyntaxUid };
    }
    const status = Number(failure?.['00081197']?.Value?.[0] ?? 0x0110);
    const text = `Failure Reason ${hexWord(status)}H (HTTP ${reply.status})`;
    return { kind: 'refused', sopInstanceUid, status, text, lasting: isLastingRefusal(status) };
  });
}

function parseJson(body: Buffer): JsonDataset | undefined {
  try {
    const value = JSON.parse(body.toString('utf8')) as JsonDataset | readonly JsonDataset[] | null;
    return (
      (Array.isArray(value) ? (value as readonly JsonDataset[])[0] : (value as JsonDataset)) ?? undefined
    );
  } catch {
    // some servers answer 200 without a body, or in XML: the HTTP status then speaks alone
    return undefined;
  }
}

/** One client for some requests to one server; disposing closes its connections. */
export interface WebClient extends AsyncDisposable {
  readonly server: WebServer;
  send(
    method: 'GET' | 'POST',
    place: string,
    message: { readonly accept: string; readonly type?: string; readonly body?: Buffer },
  ): Promise<WebReply>;
}

export interface WebReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Prepares requests to a server. `send` throws PEER_UNREACHABLE where no answer comes. */
export async function openClient(server: WebServer): Promise<WebClient> {
  const root = server.url.replace(/\/+$/, '');
  const connect = server.tls === undefined ? {} : await tlsOptions(server.tls, new URL(root).hostname);
  const agent = new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  return {
    server,
    send: async (method, place, { accept, type, body }) => {
      try {
        const reply = await request(`${root}${place}`, {
          method,
          dispatcher: agent,
          headers: {
            ...server.headers,
            ...authorisation(server),
            accept,
            ...(type === undefined ? {} : { 'content-type': type }),
          },
          ...(body === undefined ? {} : { body }),
        });
        const contentType = String(reply.headers['content-type'] ?? '');
        return {
          status: reply.statusCode,
          contentType,
          body: Buffer.from(await reply.body.arrayBuffer()),
        };
      } catch (cause) {
        throw new WillisError(
          'PEER_UNREACHABLE',
          `${root} cannot be reached (${describeError(cause)}). Is it running, and is a firewall between?`,
          { cause, retry: 'later' },
        );
      }
    },
    [Symbol.asyncDispose]: async () => await agent.close(),
  };
}

function authorisation(server: WebServer): Readonly<Record<string, string>> {
  if (server.bearerToken !== undefined) return { authorization: `Bearer ${server.bearerToken}` };
  if (server.basic === undefined) return {};
  const { user, password } = server.basic;
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** An answer that is no answer to what we asked. */
export function refused(server: WebServer, reply: WebReply): WillisError {
  const hint = [401, 403].includes(reply.status)
    ? ' Check the bearer token, user and password, or client certificate of this destination.'
    : '';
  return new WillisError('DICOMWEB_REFUSED', `${server.url} answered HTTP ${reply.status}.${hint}`, {
    retry: 'later',
  });
}
