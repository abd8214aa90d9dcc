import { z } from 'zod';
import { enqueueDeliveries } from '../../delivery/index.ts';
import { WillisError } from '../../errors.ts';
import { reprocessSeries } from '../../intake/index.ts';
import { putAway, retryDead } from '../../jobs/index.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { seriesDetail } from '../contract.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';
import { readSeries } from './series-detail.ts';

const byId = z.object({ id: z.coerce.number().int() });
const admin = { access: 'admin' } as const;

/** One series with its whole path, and what an administrator can start again. */
export function seriesRoutes(app: App, node: NodeAccess): void {
  const look = {
    config: { access: 'read' },
    schema: { params: byId, response: { 200: seriesDetail } },
  } as const;
  app.get('/api/series/:id', look, async (request) => await readSeries(node, request.params.id));

  const retry = { config: admin, schema: { params: byId } } as const;
  app.post('/api/jobs/:id/retry', retry, async (request, reply) => {
    await node.database.transaction().execute(async (transaction) => {
      const key = await retryDead(transaction, request.params.id, node.now());
      if (key === undefined)
        throw new WillisError('STATE_CONFLICT', 'Only a job that was given up can be tried again.');
      await record(node, request, { action: 'job retried', object: key }, transaction);
    });
    return await begun(node, reply);
  });

  app.post('/api/jobs/:id/put-away', retry, async (request, reply) => {
    await node.database.transaction().execute(async (transaction) => {
      const key = await putAway(transaction, request.params.id, node.now());
      if (key === undefined)
        throw new WillisError(
          'STATE_CONFLICT',
          'Only a job that was given up, or that nobody runs, can be put away, and once.',
        );
      await record(node, request, { action: 'job put away', object: key }, transaction);
    });
    node.events.publish({ kind: 'job' });
    return await reply.status(204).send();
  });

  const rerun = {
    config: admin,
    schema: { params: byId, body: z.strictObject({ rule: z.string().max(64) }) },
  } as const;
  app.post('/api/series/:id/reprocess', rerun, async (request, reply) => {
    const rule = node.facts().rules.find(({ name }) => name === request.body.rule);
    if (rule === undefined) throw notFound('rule');
    await node.database.transaction().execute(async (transaction) => {
      await reprocessSeries(transaction, { seriesId: request.params.id, rule, now: node.now() });
      const object = `series ${request.params.id}`;
      await record(node, request, { action: 'reprocess', object, detail: rule.name }, transaction);
    });
    return await begun(node, reply);
  });

  const again = {
    config: admin,
    schema: { params: byId, body: z.strictObject({ destination: z.string() }) },
  } as const;
  app.post('/api/analyses/:id/resend', again, async (request, reply) => {
    const { destination } = request.body;
    if (!node.facts().destinations.some(({ name }) => name === destination)) throw notFound('destination');
    await resend(node, request.params.id, destination, async (transaction) => {
      const object = `analysis ${request.params.id}`;
      await record(node, request, { action: 'resend', object, detail: destination }, transaction);
    });
    return await begun(node, reply);
  });
}

type Transaction = Parameters<typeof retryDead>[0];

async function resend(
  node: NodeAccess,
  analysisId: number,
  destination: string,
  audit: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  await node.database.transaction().execute(async (transaction) => {
    const results = await transaction
      .selectFrom('result')
      .select('id')
      .where('analysis_id', '=', analysisId)
      .execute();
    if (results.length === 0) throw notFound('analysis with results');
    await transaction
      .deleteFrom('delivered')
      .where('destination', '=', destination)
      .where(
        'result_id',
        'in',
        results.map(({ id }) => id),
      )
      .execute();
    await enqueueDeliveries(transaction, analysisId, [destination], {
      now: node.now(),
      thoughReplaced: true,
    });
    await audit(transaction);
  });
}

async function begun(node: NodeAccess, reply: { status(code: 202): { send(): unknown } }): Promise<unknown> {
  node.wake();
  node.events.publish({ kind: 'job' });
  return await reply.status(202).send();
}
