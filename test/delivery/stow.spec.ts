import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readInstance } from '../../src/dicom/index.ts';
import type { Destination } from '../../src/delivery/index.ts';
import { deliverAnalysed } from '../support/analysed.ts';
import { untilTrue } from '../support/node-process.ts';

interface Got {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** SOP Instance UID, SOP Class UID and transfer syntax of each part. */
  readonly parts: readonly (readonly [string, string, string])[];
}

type Answer = { readonly status: number; readonly body?: string };

const sr3d = '1.2.840.10008.5.1.4.1.1.88.34';

describe('STOW-RS', function () {
  this.timeout(20_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'willis-stow-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const made = [
    ['summary', 1],
    ['heatmap', 2],
    ['sr', 1],
    ['sr-basic-text', 1],
  ] as const;

  async function against(
    answer: (got: Got, request: number) => Answer,
    changes: object,
    work: (
      events: () => string,
      got: readonly Got[],
      delivered: () => Promise<readonly string[]>,
    ) => Promise<void>,
  ): Promise<void> {
    const requests: Got[] = [];
    const server = createServer((request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const got = readRequest(request.url ?? '', request.headers, Buffer.concat(chunks));
        requests.push(got);
        const { status, body } = answer(got, requests.length);
        reply.writeHead(status, { 'content-type': 'application/dicom+json' }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const destination: Destination = {
      ...{
        type: 'stow-rs',
        name: 'web',
        url: `http://127.0.0.1:${port}/dicom-web/`,
        headers: { 'x-site': 'north' },
      },
      ...{ results: ['summary', 'heatmap', 'sr'], fallbacks: { sr: ['sr-basic-text'] }, compression: 'none' },
      ...{ firstRetrySeconds: 0.1, longestRetrySeconds: 0.2 },
      ...changes,
    };
    await using node = await deliverAnalysed(folder, made, [destination]);
    const delivered = async (): Promise<readonly string[]> =>
      (await node.delivered('web')).map(({ kind }) => kind);
    await work(() => JSON.stringify(node.events), requests, delivered);
    await new Promise((resolve) => server.close(resolve));
  }

  const until = async (events: () => string, pattern: RegExp): Promise<void> =>
    await untilTrue(() => pattern.test(events()), 10_000, events);

  it('one request with every result, our headers and token', async () => {
    await against(
      () => ({ status: 200, body: '{}' }),
      { bearerToken: 'secret' },
      async (events, got, delivered) => {
        await until(events, /"delivered"/);
        expect(got).to.have.length(1);
        expect(got[0]!.url).to.equal('/dicom-web/studies');
        expect(got[0]!.headers).to.include({ authorization: 'Bearer secret', 'x-site': 'north' });
        expect(got[0]!.headers['content-type']).to.match(
          /^multipart\/related; type="application\/dicom"; boundary=/,
        );
        expect(got[0]!.parts).to.have.length(4);
        expect(await delivered()).to.deep.equal(['summary', 'heatmap', 'heatmap', 'sr']);
      },
    );
  });

  it('409 with a failure for the SR: the others are stored, and its fallback goes instead', async () => {
    await against(
      ({ parts }) => ({
        status: parts.some(([, sopClass]) => sopClass === sr3d) ? 409 : 200,
        body: failing(parts, sr3d),
      }),
      {},
      async (events, got, delivered) => {
        await until(events, /"delivered"/);
        expect(await delivered()).to.deep.equal(['summary', 'heatmap', 'heatmap', 'sr-basic-text']);
        expect(events()).to.match(
          /"givenUp".*"kind":"sr","instead":"sr-basic-text","why":"Failure Reason 0122H/,
        );
        expect(got.map(({ parts }) => parts.length)).to.deep.equal([4, 1]);
      },
    );
  });

  it('202 that does not name a result: that one is not called stored', async () => {
    await against(
      ({ parts }, request) =>
        request === 1 ? { status: 202, body: stored(parts.slice(1)) } : { status: 200, body: stored(parts) },
      {},
      async (events, got, delivered) => {
        await until(events, /"delivered"/);
        expect(got[1]!.parts).to.deep.equal([got[0]!.parts[0]]);
        expect(await delivered()).to.have.length(4);
      },
    );
  });

  it('401, then 503, then well: waits and tells why', async () => {
    await against(
      (_got, request) => ({ status: [401, 503][request - 1] ?? 200 }),
      {},
      async (events, _got, delivered) => {
        await until(events, /"delivered"/);
        expect(events()).to.match(/answered HTTP 401.*Check the bearer token/);
        expect(events()).to.match(/answered HTTP 503/);
        expect(await delivered()).to.have.length(4);
      },
    );
  });
});

function readRequest(url: string, headers: IncomingHttpHeaders, body: Buffer): Got {
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? 'none';
  const parts = body
    .toString('latin1')
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4, -2), 'latin1'))
    .map((bytes): [string, string, string] => {
      const { sopInstanceUid, sopClassUid, transferSyntaxUid } = readInstance(bytes);
      return [sopInstanceUid, sopClassUid, transferSyntaxUid];
    });
  return { url, headers, parts };
}

function reference([uid, sopClass]: Got['parts'][number], reason?: number): object {
  return {
    '00081150': { vr: 'UI', Value: [sopClass] },
    '00081155': { vr: 'UI', Value: [uid] },
    ...(reason === undefined ? {} : { '00081197': { vr: 'US', Value: [reason] } }),
  };
}

function stored(parts: Got['parts']): string {
  return JSON.stringify({ '00081199': { vr: 'SQ', Value: parts.map((part) => reference(part)) } });
}

function failing(parts: Got['parts'], sopClass: string): string {
  const bad = parts.filter((part) => part[1] === sopClass);
  const good = parts.filter((part) => part[1] !== sopClass);
  return JSON.stringify({
    '00081198': { vr: 'SQ', Value: bad.map((part) => reference(part, 0x0122)) },
    '00081199': { vr: 'SQ', Value: good.map((part) => reference(part)) },
  });
}
