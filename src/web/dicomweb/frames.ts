import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { WillisError } from '../../errors.ts';
import type { App } from '../app.ts';
import { notFound } from '../faults.ts';
import { encodePicture, type PictureFormat } from '../imaging/index.ts';
import { chooseMedia } from './accept.ts';
import type { DicomWeb } from './index.ts';
import { multipart } from './multipart.ts';
import { instancePlace, objectsAt, readStored, type Stored } from './stored.ts';

const read = { access: 'read' } as const;
const instance = '/dicom-web/studies/:study/series/:series/instances/:instance';
const frameList = instancePlace.extend({ frames: z.string().regex(/^[1-9]\d{0,4}(,[1-9]\d{0,4}){0,999}$/) });
const octets = 'application/octet-stream';

/** Frames as stored values, bulk data, and pictures to look at (PS3.18 10.4.1.1.5 to 10.4.1.1.7). */
export function frameRoutes(app: App, { node, imaging }: DicomWeb): void {
  const one = async (place: z.infer<typeof instancePlace>): Promise<Stored> =>
    (await objectsAt(node, place))[0]!;

  const decoded = async (stored: Stored, frames: readonly number[]) => {
    const bytes = await imaging.frames(stored.path, frames);
    const boundary = randomUUID();
    const contentType = `${octets}; transfer-syntax=1.2.840.10008.1.2.1`;
    const parts = bytes.map((content) => ({ contentType, content }));
    return {
      type: `multipart/related; type="${octets}"; boundary=${boundary}`,
      body: multipart(parts, boundary),
    };
  };

  app.get(
    `${instance}/frames/:frames`,
    { config: read, schema: { params: frameList } },
    async (request, reply) => {
      const { transferSyntax } = chooseMedia(request.headers.accept, [octets]);
      if (
        transferSyntax !== null &&
        !['*', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2'].includes(transferSyntax)
      )
        throw new WillisError('NOT_ACCEPTABLE', 'Frames are given uncompressed; ask with transfer-syntax=*.');
      const stored = await one(request.params);
      const { type, body } = await decoded(stored, await checkedFrames(stored, request.params.frames));
      return await reply.type(type).send(body);
    },
  );

  const bulk = instancePlace.extend({ tag: z.string().regex(/^[0-9A-F]{8}$/) });
  app.get(`${instance}/bulkdata/:tag`, { config: read, schema: { params: bulk } }, async (request, reply) => {
    const stored = await one(request.params);
    if (request.params.tag === '7FE00010') {
      const { frameCount } = await readStored(stored);
      const { type, body } = await decoded(stored, [...Array(frameCount).keys()]);
      return await reply.type(type).send(body);
    }
    const boundary = randomUUID();
    const content = await bulkValue(stored, request.params.tag);
    return await reply
      .type(`multipart/related; type="${octets}"; boundary=${boundary}`)
      .send(multipart([{ contentType: octets, content }], boundary));
  });

  for (const [url, params] of [
    [`${instance}/rendered`, instancePlace],
    [`${instance}/frames/:frames/rendered`, frameList],
  ] as const) {
    app.get(url, { config: read, schema: { params, querystring: rendering } }, async (request, reply) => {
      const { type } = chooseMedia(request.headers.accept, ['image/jpeg', 'image/png']);
      const stored = await one(request.params);
      const frames = 'frames' in request.params ? request.params.frames : '1';
      const [frame = 0] = await checkedFrames(stored, frames);
      const { window, viewport } = request.query;
      const picture = await imaging.picture(stored.path, frame, windowOf(window));
      return await reply
        .type(type)
        .send(await encodePicture(picture, type as PictureFormat, viewportOf(viewport)));
    });
  }
}

/** viewport=w,h and window=center,width,function (PS3.18 8.3.5). */
const rendering = z.object({
  viewport: z
    .string()
    .regex(/^[1-9]\d{0,3},[1-9]\d{0,3}$/)
    .optional(),
  window: z
    .string()
    .regex(/^-?\d{1,6}(\.\d{1,6})?,\d{1,6}(\.\d{1,6})?(,\w{1,20})?$/)
    .optional(),
});

function viewportOf(text: string | undefined): { width: number; height: number } | null {
  const [width, height] = (text ?? '').split(',').map(Number);
  return width === undefined || height === undefined ? null : { width, height };
}

function windowOf(text: string | undefined): { center: number; width: number } | null {
  const [center, width] = (text ?? '').split(',').map(Number);
  return center === undefined || width === undefined ? null : { center, width: Math.max(width, 1) };
}

/** Frame numbers of the request (1-based) as indices; throws NOT_FOUND beyond the last frame. */
async function checkedFrames(stored: Stored, list: string): Promise<readonly number[]> {
  const { frameCount } = await readStored(stored);
  const frames = list.split(',').map((number) => Number(number) - 1);
  if (frames.some((frame) => frame >= frameCount)) throw notFound('frame');
  return frames;
}

async function bulkValue(stored: Stored, tag: string): Promise<Uint8Array> {
  const { dataSet } = await readStored(stored);
  const element = dataSet.elements[`x${tag.toLowerCase()}`];
  if (element === undefined || element.items !== undefined || element.length <= 0)
    throw notFound('bulk data');
  return dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
}
