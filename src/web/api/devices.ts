import { z } from 'zod';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { devices, echo, type Devices } from '../contract.ts';
import type { NodeAccess } from '../options.ts';
import { changeSettings, list, section, seenSettings, type SettingsValue } from '../settings.ts';
import { answerOf, destinationLine } from './destinations.ts';

const admin = { access: 'admin' } as const;
const aeTitle = z.string().min(1).max(16);
const host = z.string().min(1).max(255);
const caller = z.strictObject({ aeTitle, host: host.optional() });
const peer = z.strictObject({ aeTitle, host, port: z.int().min(1).max(65_535) });
const settingsSha256 = seenSettings;

/** Who may call, where results go, who called without being known; and C-ECHO. */
export function deviceRoutes(app: App, node: NodeAccess): void {
  const look = { config: { access: 'read' }, schema: { response: { 200: devices } } } as const;
  app.get('/api/devices', look, async () => await readDevices(node));

  const ask = { config: admin, schema: { body: peer, response: { 200: echo } } } as const;
  app.post('/api/echo', ask, async (request) => {
    const { aeTitle: called, host: address, port } = request.body;
    await record(node, request, { action: 'echo', object: `${called}@${address}:${port}` });
    return await answerOf(async () => await node.echo(request.body));
  });
  callerRoutes(app, node);
}

function callerRoutes(app: App, node: NodeAccess): void {
  const change = { config: admin, schema: { body: z.strictObject({ settingsSha256, caller }) } } as const;
  app.post('/api/callers', change, async (request, reply) => {
    const { caller: added, settingsSha256: seen } = request.body;
    await changeSettings(node, request, seen, {
      action: 'caller added',
      object: added.aeTitle,
      make: (value) =>
        withCallers(value, (callers) => [...callers.filter((one) => !isSame(one, added)), added]),
    });
    await forget(node, added.aeTitle);
    return await reply.status(204).send();
  });
  app.post('/api/callers/remove', change, async (request, reply) => {
    const { caller: removed, settingsSha256: seen } = request.body;
    await changeSettings(node, request, seen, {
      action: 'caller removed',
      object: removed.aeTitle,
      make: (value) => withCallers(value, (callers) => callers.filter((one) => !isSame(one, removed))),
    });
    return await reply.status(204).send();
  });
  const ignored = { config: admin, schema: { body: z.strictObject({ aeTitle }) } } as const;
  app.post('/api/strangers/ignore', ignored, async (request, reply) => {
    await forget(node, request.body.aeTitle);
    await record(node, request, { action: 'unknown caller ignored', object: request.body.aeTitle });
    return await reply.status(204).send();
  });
}

async function readDevices(node: NodeAccess): Promise<Devices> {
  const facts = node.facts();
  const calls = node.calls();
  const { value, sha256 } = node.settings.document();
  const strangers = await node.database
    .selectFrom('stranger')
    .selectAll()
    .orderBy('last_seen_at', 'desc')
    .limit(50)
    .execute();
  const configured = list(value, 'destinations');
  return {
    aeTitle: facts.aeTitle,
    dicomPort: facts.dicomPort,
    addresses: [...facts.addresses],
    callers: facts.callers.map((one) => ({
      aeTitle: one.aeTitle,
      host: one.host ?? null,
      lastSeenAt:
        calls.find((call) => call.callingAeTitle === one.aeTitle && call.ending !== 'rejected')?.at ?? null,
    })),
    destinations: facts.destinations.map((one) => destinationLine(one, configured)),
    resultKinds: [...facts.resultKinds],
    strangers: strangers.map((row) => ({
      aeTitle: row.ae_title,
      host: row.host,
      calls: row.calls,
      lastSeenAt: row.last_seen_at,
      why: row.why,
    })),
    calls: calls
      .slice(0, 50)
      .map(({ at, ending, text, negotiation }) => ({ at, ending, text, negotiation: [...negotiation] })),
    settingsSha256: sha256,
  };
}

function withCallers(
  value: SettingsValue,
  make: (callers: readonly SettingsValue[]) => readonly SettingsValue[],
): SettingsValue {
  const dicom = section(value, 'dicom');
  return { ...value, dicom: { ...dicom, callers: make(list(dicom, 'callers')) } };
}

function isSame(one: SettingsValue, other: z.infer<typeof caller>): boolean {
  // as the configuration has them in force: without spaces around
  const title = typeof one['aeTitle'] === 'string' ? one['aeTitle'].trim() : '';
  return title === other.aeTitle.trim() && one['host'] === other.host;
}

async function forget(node: NodeAccess, title: string): Promise<void> {
  await node.database.deleteFrom('stranger').where('ae_title', '=', title).execute();
}
