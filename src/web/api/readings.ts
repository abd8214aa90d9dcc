import { z } from 'zod';
import type { SeriesFindings } from '../../findings/index.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { reading, type Reading } from '../contract.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';
import { userOf } from '../security/guard.ts';

const byId = z.object({ id: z.coerce.number().int() });
const comment = z.string().max(2000).default('');
const opinion = z.discriminatedUnion('about', [
  z.strictObject({
    about: z.literal('finding'),
    finding: z.int().min(1).max(1000),
    opinion: z.enum(['agree', 'disagree']),
    comment,
  }),
  z.strictObject({ about: z.literal('map'), rating: z.int().min(1).max(5), comment }),
]);

/** What readers say of results: stored for each reader, changed by saying it again, exported for evaluation. */
export function readingRoutes(app: App, node: NodeAccess): void {
  const list = {
    config: { access: 'read' },
    schema: { params: byId, response: { 200: z.array(reading) } },
  } as const;
  app.get('/api/analyses/:id/readings', list, async (request) => {
    return await readingsOf(node, request.params.id);
  });

  const say = { config: { access: 'opinion' }, schema: { params: byId, body: opinion } } as const;
  app.put('/api/analyses/:id/readings', say, async (request, reply) => {
    const { id } = request.params;
    const said = request.body;
    await checkFinding(node, id, said.about === 'finding' ? said.finding : 0);
    const values = {
      opinion: said.about === 'finding' ? said.opinion : null,
      rating: said.about === 'map' ? said.rating : null,
      comment: said.comment,
      at: node.now(),
    };
    const finding = said.about === 'finding' ? said.finding : 0;
    await node.database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('reading')
        .values({ analysis_id: id, finding, reader: userOf(request).name, ...values })
        .onConflict((conflict) => conflict.columns(['analysis_id', 'finding', 'reader']).doUpdateSet(values))
        .execute();
      const object = `analysis ${id}, ${finding === 0 ? 'map' : `finding ${finding}`}`;
      const detail = String(values.opinion ?? values.rating);
      await record(node, request, { action: 'reading', object, detail }, transaction);
    });
    return await reply.status(204).send();
  });

  const all = { config: { access: 'read' }, schema: { response: { 200: z.array(exported) } } } as const;
  app.get('/api/readings', all, async () => await exportReadings(node));
}

const exported = reading.extend({
  seriesInstanceUid: z.string(),
  pipeline: z.string(),
  bundle: z.object({ id: z.string(), version: z.string(), sha256: z.string() }),
  about: z.record(z.string(), z.unknown()).nullable(),
});

async function readingsOf(node: NodeAccess, analysisId: number): Promise<Reading[]> {
  const rows = await node.database
    .selectFrom('reading')
    .selectAll()
    .where('analysis_id', '=', analysisId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ ...row, analysisId: row.analysis_id }));
}

/** Throws NOT_FOUND where the analysis, or a finding of that number, does not exist; 0 is the map. */
async function checkFinding(node: NodeAccess, analysisId: number, number: number): Promise<void> {
  const row = await node.database
    .selectFrom('analysis')
    .select('findings')
    .where('id', '=', analysisId)
    .executeTakeFirst();
  if (row === undefined) throw notFound('analysis');
  const { findings } = JSON.parse(row.findings) as SeriesFindings;
  if (number > findings.length) throw notFound('finding');
}

/** Every reading with the finding it is about: what evaluation and retraining need, without the patient's name. */
async function exportReadings(node: NodeAccess): Promise<z.infer<typeof exported>[]> {
  const rows = await node.database
    .selectFrom('reading')
    .innerJoin('analysis', 'analysis.id', 'reading.analysis_id')
    .selectAll('reading')
    .select(['analysis.findings', 'analysis.pipeline'])
    .orderBy('reading.id')
    .execute();
  const kept = await node.database.selectFrom('kept_reading').selectAll().orderBy('id').execute();
  return [...kept, ...rows].map((row) => {
    const said = JSON.parse(row.findings) as SeriesFindings;
    const about = said.findings[row.finding - 1] as Readonly<Record<string, unknown>> | undefined;
    return {
      analysisId: row.analysis_id,
      finding: row.finding,
      reader: row.reader,
      opinion: row.opinion,
      rating: row.rating,
      comment: row.comment,
      at: row.at,
      seriesInstanceUid: said.seriesInstanceUid,
      pipeline: row.pipeline,
      bundle: { ...said.bundle },
      about: about ?? null,
    };
  });
}
