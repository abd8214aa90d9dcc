import { unservedJobs } from '../../jobs/index.ts';
import type { App } from '../app.ts';
import type { NodeAccess } from '../options.ts';
import { ranLastOn } from './ran-on.ts';

/** For load balancers and monitoring: alive, ready to take images, and numbers. */
export function healthRoutes(app: App, node: NodeAccess): void {
  const open = { config: { access: 'open' } } as const;
  app.get('/health', open, () => ({ status: 'alive' }));
  app.get('/ready', open, async (_request, reply) => {
    const admission = node.admit();
    await node.database.selectFrom('setup_code').select('id').executeTakeFirst();
    if (admission.kind === 'accept')
      return {
        status: 'ready',
        computesOn: node.facts().providers,
        ranLastOn: firstWord(await ranLastOn(node)),
        // work of a destination that is not configured any more
        jobsNobodyRuns: (await unservedJobs(node.database)).reduce((sum, { count }) => sum + count, 0),
      };
    return await reply.status(503).send({ status: 'no room' });
  });
  node.metrics.watch(async () => ({ diskFreeBytes: node.facts().freeBytes, jobs: await jobCounts(node) }));
  app.get('/metrics', { config: { access: 'metrics' } }, async (_request, reply) => {
    return await reply.type(node.metrics.contentType).send(await node.metrics.text());
  });
}

export async function jobCounts(
  node: Pick<NodeAccess, 'database'>,
): Promise<readonly { state: string; kind: string; count: number }[]> {
  const rows = await node.database
    .selectFrom('job')
    .select((eb) => ['state', 'kind', eb.fn.countAll<number>().as('count')])
    .where('put_away_at', 'is', null)
    .groupBy(['state', 'kind'])
    .execute();
  return rows;
}

/** "cpu" of "cpu (cuda could not be opened: …)": why is for those who are signed in. */
function firstWord(text: string | null): string | null {
  return text?.split(' ')[0] ?? null;
}
