import { z } from 'zod';
import type { Transaction } from '../../archive/index.ts';
import { copiesOf, differingAttributes, releaseCopies, rejectCopies } from '../../intake/index.ts';
import type { SeriesTraits } from '../../intake/index.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { quarantined, type Quarantined } from '../contract.ts';
import type { NodeAccess } from '../options.ts';

const mostShown = 100;

/** What came again with other content and waits for a person: let it take the place of the first one, or delete it. */
export function quarantineRoutes(app: App, node: NodeAccess): void {
  const look = { config: { access: 'read' }, schema: { response: { 200: z.array(quarantined) } } } as const;
  app.get('/api/quarantine', look, async () => await listQuarantine(node));

  const decide = {
    config: { access: 'admin' },
    schema: {
      params: z.object({ id: z.coerce.number().int() }),
      body: z.strictObject({ decision: z.enum(['release', 'reject']) }),
    },
  } as const;
  app.post('/api/quarantine/:id', decide, async (request, reply) => {
    const { id } = request.params;
    const { decision } = request.body;
    const audited = async (transaction: Transaction, count: number): Promise<void> => {
      const act = { action: `quarantine: ${decision}`, object: `series ${id}`, detail: `${count} instances` };
      await record(node, request, act, transaction);
    };
    const { database, files, now } = node;
    if (decision === 'reject') await rejectCopies({ database, files }, id, audited);
    else await releaseCopies({ database, files, rules: node.facts().rules, now }, id, audited);
    node.wake();
    node.events.publish({ kind: 'series', seriesId: id });
    return await reply.status(204).send();
  });
}

async function listQuarantine(node: NodeAccess): Promise<Quarantined[]> {
  const rows = await node.database
    .selectFrom('instance_copy as copy')
    .innerJoin('instance', 'instance.id', 'copy.instance_id')
    .innerJoin('series', 'series.id', 'instance.series_id')
    .innerJoin('study', 'study.study_instance_uid', 'series.study_instance_uid')
    .select((eb) => [
      ...(['series.id', 'series.modality', 'series.description', 'series.calling_ae_title'] as const),
      ...(['study.patient_name', 'study.patient_id'] as const),
      eb.fn.count<number>('copy.id').as('copies'),
      eb.fn.max<number>('copy.received_at').as('receivedAt'),
    ])
    .groupBy('series.id')
    .orderBy('receivedAt', 'desc')
    .limit(mostShown)
    .execute();
  return await Promise.all(
    rows.map(async ({ id, ...row }) => ({
      seriesId: id,
      patientName: row.patient_name,
      patientId: row.patient_id,
      modality: row.modality,
      description: (JSON.parse(row.description) as SeriesTraits).seriesDescription,
      caller: row.calling_ae_title,
      copies: row.copies,
      receivedAt: row.receivedAt,
      differs: await differences(node, id),
    })),
  );
}

/** Of the newest copy: the others of a series are as a rule alike. */
async function differences(node: NodeAccess, seriesId: number): Promise<string[] | null> {
  const newest = (await copiesOf(node.database, seriesId)).at(-1);
  if (newest === undefined) return [];
  const differs = await differingAttributes(node.files, newest);
  return differs && [...differs];
}
