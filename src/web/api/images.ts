import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { App } from '../app.ts';
import { notFound } from '../faults.ts';
import { encodePicture, mapFile, type Imaging } from '../imaging/index.ts';
import type { NodeAccess } from '../options.ts';

const byId = z.object({ id: z.coerce.number().int() });
const read = { access: 'read' } as const;

/** What the viewer draws: the source volume, the probability map over it, and result pictures. */
export function imageRoutes(app: App, node: NodeAccess, imaging: Imaging): void {
  app.get(
    '/api/series/:id/volume.nii',
    { config: read, schema: { params: byId } },
    async (request, reply) => {
      const paths = await instancePaths(node, request.params.id);
      const volume = await imaging.volume(paths);
      return await reply
        .type('application/octet-stream')
        .header('cache-control', 'private, max-age=3600')
        .send(Buffer.from(volume.buffer, volume.byteOffset, volume.byteLength));
    },
  );

  app.get(
    '/api/analyses/:id/map.nii.gz',
    { config: read, schema: { params: byId } },
    async (request, reply) => {
      const row = await node.database
        .selectFrom('analysis')
        .select('folder')
        .where('id', '=', request.params.id)
        .executeTakeFirst();
      const file = row === undefined ? null : mapFile(node.files, row.folder);
      if (file === null) throw notFound('probability map');
      return await reply.type('application/octet-stream').send(createReadStream(file));
    },
  );

  const querystring = z.object({ width: z.coerce.number().int().min(16).max(4096).optional() });
  const params = z.object({ sopInstanceUid: z.string().regex(/^[0-9.]{1,64}$/) });
  app.get(
    '/api/pictures/:sopInstanceUid',
    { config: read, schema: { params, querystring } },
    async (request, reply) => {
      const row = await node.database
        .selectFrom('result')
        .select('path')
        .where('sop_instance_uid', '=', request.params.sopInstanceUid)
        .executeTakeFirst();
      if (row === undefined) throw notFound('picture');
      const picture = await imaging.picture(node.files.absolute(row.path), 0, null);
      const { width } = request.query;
      const png = await encodePicture(
        picture,
        'image/png',
        width === undefined ? null : { width, height: 4096 },
      );
      return await reply.type('image/png').header('cache-control', 'private, max-age=3600').send(png);
    },
  );
}

async function instancePaths(node: NodeAccess, seriesId: number): Promise<readonly string[]> {
  const rows = await node.database
    .selectFrom('instance')
    .select('path')
    .where('series_id', '=', seriesId)
    .orderBy('id')
    .execute();
  if (rows.length === 0) throw notFound('series');
  return rows.map(({ path }) => node.files.absolute(path));
}
