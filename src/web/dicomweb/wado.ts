import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readHeaderJson, type JsonDataset } from '../../dicom/index.ts';
import { WillisError } from '../../errors.ts';
import type { App } from '../app.ts';
import type { NodeAccess } from '../options.ts';
import { chooseMedia, type MediaRange } from './accept.ts';
import { dicomJson, sendDicomJson } from './dicom-json.ts';
import { multipart, type Part } from './multipart.ts';
import { baseOf } from './qido.ts';
import { instancePlace, objectsAt, readStored, seriesPlace, studyPlace, type Stored } from './stored.ts';

const read = { access: 'read' } as const;
const places = [
  ['/dicom-web/studies/:study', studyPlace],
  ['/dicom-web/studies/:study/series/:series', seriesPlace],
  ['/dicom-web/studies/:study/series/:series/instances/:instance', instancePlace],
] as const;

/** Retrieve Transaction (PS3.18 10.4): objects as they are stored, and their metadata. */
export function wadoRoutes(app: App, node: NodeAccess): void {
  for (const [url, params] of places) {
    app.get(url, { config: read, schema: { params } }, async (request, reply) => {
      const media = chooseMedia(request.headers.accept, ['application/dicom']);
      const objects = await objectsAt(node, request.params);
      for (const one of objects) checkSyntax(one, media);
      return await sendObjects(objects, media, reply);
    });
    app.get(`${url}/metadata`, { config: read, schema: { params } }, async (request, reply) => {
      const { type } = chooseMedia(request.headers.accept, [dicomJson, 'application/json']);
      const metadata: JsonDataset[] = [];
      for (const one of await objectsAt(node, request.params)) metadata.push(await metadataOf(one, request));
      return await sendDicomJson(reply, metadata, type);
    });
  }
}

/** Objects go out as they came: what asks for another transfer syntax is told so (PS3.18 8.7.3.5.2). */
function checkSyntax(stored: Stored, { transferSyntax }: MediaRange): void {
  if (transferSyntax === null || transferSyntax === '*' || transferSyntax === stored.transferSyntaxUid)
    return;
  throw new WillisError(
    'NOT_ACCEPTABLE',
    `The object is stored in transfer syntax ${stored.transferSyntaxUid} and not converted; ask with transfer-syntax=*.`,
  );
}

async function sendObjects(
  objects: readonly Stored[],
  media: MediaRange,
  reply: FastifyReply,
): Promise<unknown> {
  const [first] = objects;
  if (!media.isMultipart && objects.length === 1 && first !== undefined) {
    return await reply.type(contentTypeOf(first)).send(createReadStream(first.path));
  }
  const boundary = randomUUID();
  return await reply
    .type(`multipart/related; type="application/dicom"; boundary=${boundary}`)
    .send(multipart(objects.map(partOf), boundary));
}

function partOf(stored: Stored): Part {
  return { contentType: contentTypeOf(stored), content: { file: stored.path } };
}

function contentTypeOf(stored: Stored): string {
  return `application/dicom; transfer-syntax=${stored.transferSyntaxUid}`;
}

async function metadataOf(stored: Stored, request: FastifyRequest): Promise<JsonDataset> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = stored;
  const url = `${baseOf(request)}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
  return readHeaderJson(await readStored(stored), (tag) => `${url}/bulkdata/${tag}`);
}
