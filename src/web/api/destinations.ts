import { z } from 'zod';
import type { Destination } from '../../delivery/index.ts';
import { describeError } from '../../errors.ts';
import type { App } from '../app.ts';
import { record } from '../audit.ts';
import { echo, type DestinationLine, type Echo } from '../contract.ts';
import { notFound } from '../faults.ts';
import { withoutSecrets } from '../hidden.ts';
import type { NodeAccess } from '../options.ts';
import { changeSettings, list, seenSettings as settingsSha256, type SettingsValue } from '../settings.ts';

const admin = { access: 'admin' } as const;

/** Destinations: saving, removing, and asking whether they answer. */
export function destinationRoutes(app: App, node: NodeAccess): void {
  const named = z.object({ name: z.string().max(64) });
  // the configuration's own schema judges the destination: it knows every key
  const destination = z.looseObject({ name: z.string().max(64) });
  const put = {
    config: admin,
    schema: { params: named, body: z.strictObject({ settingsSha256, destination }) },
  } as const;
  app.put('/api/destinations/:name', put, async (request, reply) => {
    const { destination: wanted, settingsSha256: seen } = request.body;
    const { name } = request.params;
    await changeSettings(node, request, seen, {
      action: 'destination saved',
      object: name,
      make: (value) => {
        const all = list(value, 'destinations');
        const known = all.some((one) => one['name'] === name);
        const kept = known ? all.map((one) => (one['name'] === name ? wanted : one)) : [...all, wanted];
        return { ...value, destinations: kept };
      },
    });
    return await reply.status(204).send();
  });

  const ask = { config: admin, schema: { params: named, response: { 200: echo } } } as const;
  app.post('/api/destinations/:name/check', ask, async (request) => {
    const { name } = request.params;
    if (!node.facts().destinations.some((one) => one.name === name)) throw notFound('destination');
    await record(node, request, { action: 'destination checked', object: name });
    return await answerOf(async () => await node.check(name));
  });

  const body = z.strictObject({ settingsSha256 });
  app.delete(
    '/api/destinations/:name',
    { config: admin, schema: { params: named, body } },
    async (request, reply) => {
      const { name } = request.params;
      if (!node.facts().destinations.some((one) => one.name === name)) throw notFound('destination');
      await changeSettings(node, request, request.body.settingsSha256, {
        action: 'destination removed',
        object: name,
        make: (value) => withoutDestination(value, name),
      });
      return await reply.status(204).send();
    },
  );
}

/** The rules stop sending there too; a rule may then send nowhere. Nor is it told there that no rule takes a series. */
function withoutDestination({ unmatched, ...value }: SettingsValue, name: string): SettingsValue {
  const without = (sender: SettingsValue): SettingsValue => {
    const { sendTo } = sender;
    return Array.isArray(sendTo) ? { ...sender, sendTo: sendTo.filter((one) => one !== name) } : sender;
  };
  const told = unmatched === undefined ? undefined : without(unmatched as SettingsValue);
  const isTold = told !== undefined && (told['sendTo'] as readonly unknown[]).length > 0;
  return {
    ...value,
    destinations: list(value, 'destinations').filter((one) => one['name'] !== name),
    ...(value['rules'] === undefined ? {} : { rules: list(value, 'rules').map(without) }),
    ...(isTold ? { unmatched: told } : {}),
  };
}

/** A destination as the page shows it, without its secrets. */
export function destinationLine(one: Destination, configured: readonly SettingsValue[]): DestinationLine {
  const written = configured.find(({ name }) => name === one.name);
  return {
    name: one.name,
    type: one.type ?? 'dicom',
    address: one.type === 'stow-rs' ? one.url : `${one.aeTitle}@${one.host}:${one.port}`,
    results: [...one.results],
    notes: notesOf(one),
    configured: written === undefined ? null : { ...withoutSecrets(written) },
  };
}

function notesOf(one: Destination): string[] {
  const notes = one.type === 'stow-rs' ? webNotes(one) : dicomNotes(one);
  if (one.compression !== 'none') notes.push(`${one.compression} for pictures`);
  if (one.hl7 !== undefined) notes.push(`ORU^R01 to ${one.hl7.host}:${one.hl7.port}`);
  return one.tls === undefined ? notes : ['TLS', ...notes];
}

function webNotes(one: Destination & { readonly type: 'stow-rs' }): string[] {
  const notes = Object.keys(one.headers).map((name) => `header ${name}`);
  if (one.bearerToken !== undefined) notes.push('bearer token');
  if (one.basic !== undefined) notes.push(`signs in as ${one.basic.user}`);
  return notes;
}

function dicomNotes(one: Exclude<Destination, { readonly type: 'stow-rs' }>): string[] {
  const notes = one.commitment ? ['storage commitment'] : [];
  if (one.instanceAvailability !== undefined)
    notes.push(`availability told to ${one.instanceAvailability.aeTitle}`);
  return notes;
}

/** What was said on the way, whether it ended well or not. */
export async function answerOf(ask: () => Promise<{ readonly lines: readonly string[] }>): Promise<Echo> {
  try {
    return { answered: true, lines: [...(await ask()).lines] };
  } catch (error) {
    return { answered: false, lines: describeError(error).split('\n') };
  }
}
