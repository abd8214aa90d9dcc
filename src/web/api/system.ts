import { z } from 'zod';
import type { App } from '../app.ts';
import { auditEntry, logEntry, settings, settingsVersion } from '../contract.ts';
import { record } from '../audit.ts';
import { withoutSecrets } from '../hidden.ts';
import type { NodeAccess } from '../options.ts';
import { changeSettings, seenSettings } from '../settings.ts';

const admin = { access: 'admin' } as const;
const page = z.object({
  before: z.coerce.number().int().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** Log, audit, and the configuration file with its history. */
export function systemRoutes(app: App, node: NodeAccess): void {
  const logs = {
    config: admin,
    schema: { querystring: page, response: { 200: z.array(logEntry) } },
  } as const;
  app.get('/api/log', logs, (request) => {
    const { limit, before } = request.query;
    return node.log.recent(limit, before).map((entry) => ({ ...entry, fields: { ...entry.fields } }));
  });

  const acts = {
    config: admin,
    schema: { querystring: page, response: { 200: z.array(auditEntry) } },
  } as const;
  app.get('/api/audit', acts, async (request) => {
    const { before, limit } = request.query;
    let rows = node.database.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) rows = rows.where('id', '<', before);
    return await rows.execute();
  });
  settingsRoutes(app, node);
}

function settingsRoutes(app: App, node: NodeAccess): void {
  app.get('/api/settings', { config: admin, schema: { response: { 200: settings } } }, () => {
    const { file, value, sha256, fault } = node.settings.document();
    const restartNeeded = [...node.settings.restartNeeded()];
    return {
      file,
      value: fault === null ? { ...withoutSecrets(value) } : null,
      sha256,
      fault,
      restartNeeded,
    };
  });

  app.get('/api/settings/schema', { config: { access: 'read' } }, () => node.settings.schema());

  const body = z.strictObject({ settingsSha256: seenSettings, value: z.looseObject({}) });
  app.put('/api/settings', { config: admin, schema: { body } }, async (request, reply) => {
    const { value, settingsSha256 } = request.body;
    await changeSettings(node, request, settingsSha256, {
      action: 'configuration saved',
      object: Object.keys(value).join(', '),
      make: () => value,
    });
    return await reply.status(204).send();
  });

  const versions = { config: admin, schema: { response: { 200: z.array(settingsVersion) } } } as const;
  app.get('/api/settings/history', versions, async () => {
    return (await node.settings.history()).map((version) => ({ ...version }));
  });

  const params = z.object({ id: z.string().max(80) });
  app.get('/api/settings/history/:id', { config: admin, schema: { params } }, async (request) => {
    return withoutSecrets(await node.settings.version(request.params.id));
  });

  // restoring is the way out of a file that was broken by hand, so it asks for no valid one
  const restore = {
    config: admin,
    schema: { params, body: z.strictObject({ settingsSha256: seenSettings }) },
  } as const;
  app.post('/api/settings/history/:id/restore', restore, async (request, reply) => {
    const { id } = request.params;
    const value = await node.settings.version(id);
    const who = request.identity?.name ?? 'nobody';
    await node.settings.replace(value, request.body.settingsSha256, { who, why: `restored ${id}` });
    await record(node, request, { action: 'configuration restored', object: id });
    node.events.publish({ kind: 'settings' });
    return await reply.status(204).send();
  });
}
