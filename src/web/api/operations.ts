import { z } from 'zod';
import { describeError } from '../../errors.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { operations } from '../contract.ts';
import { notFound } from '../faults.ts';
import type { NodeAccess } from '../options.ts';

const admin = { access: 'admin' } as const;

/** What the node does by itself: self-test, watch, retention, backup; certificates; a test of the alerts. */
export function operationRoutes(app: App, node: NodeAccess): void {
  const look = { config: admin, schema: { response: { 200: operations } } } as const;
  app.get('/api/operations', look, async () => {
    const tasks = await node.operations.tasks();
    const certificates = await node.operations.certificates().then(
      (found) => ({ found: [...found], fault: null }),
      (error: unknown) => ({ found: [], fault: describeError(error) }),
    );
    return {
      tasks: tasks.map((task) => ({ ...task, runs: [...task.runs] })),
      certificates: certificates.found,
      certificatesFault: certificates.fault,
    };
  });

  const params = z.object({ name: z.string().max(40) });
  app.post('/api/operations/:name/run', { config: admin, schema: { params } }, async (request, reply) => {
    const { name } = request.params;
    const tasks = await node.operations.tasks();
    if (!tasks.some((task) => task.name === name)) throw notFound('task');
    await record(node, request, { action: 'task started', object: name });
    // it may take minutes: its end is told by an event
    node.operations.runNow(name).catch((error: unknown) => {
      node.log.error('a task could not be kept', { task: name, why: describeError(error) });
    });
    return await reply.status(202).send();
  });

  app.post('/api/alerts/test', { config: admin }, async (request, reply) => {
    await record(node, request, { action: 'alert tested', object: 'alerts' });
    await node.operations.testAlert();
    return await reply.status(204).send();
  });
}
