import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { WillisError } from '../errors.ts';
import { record } from './audit.ts';
import { withSecrets } from './hidden.ts';
import type { NodeAccess } from './options.ts';

/** The configuration a page saw when its user made a change: another one meanwhile, and the change is refused. */
export const seenSettings = z.string().regex(/^[0-9a-f]{64}$/);

export type SettingsValue = Readonly<Record<string, unknown>>;

/** Changes part of the configuration file: checked as a whole, written whole, applied, audited. Throws CONFIG_INVALID, CONFIG_CHANGED. */
export async function changeSettings(
  node: NodeAccess,
  request: FastifyRequest,
  seen: string,
  change: {
    readonly action: string;
    readonly object: string;
    readonly make: (value: SettingsValue) => SettingsValue;
  },
): Promise<void> {
  const document = node.settings.document();
  if (document.fault !== null)
    throw new WillisError(
      'CONFIG_INVALID',
      `The configuration file was changed by hand and is not valid; correct it or restore an earlier version first. ${document.fault}`,
    );
  const who = request.identity?.name ?? 'nobody';
  const why = `${change.action}: ${change.object}`;
  const wanted = withSecrets(change.make(document.value), document.value);
  await node.settings.replace(wanted, seen, { who, why });
  await record(node, request, { action: change.action, object: change.object });
  node.events.publish({ kind: 'settings' });
}

/** An object at `key` of the file; {} where it was left out. */
export function section(value: SettingsValue, key: string): SettingsValue {
  const inner = value[key];
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as SettingsValue) : {};
}

/** A list of objects at `key`; [] where it was left out. */
export function list(value: SettingsValue, key: string): readonly SettingsValue[] {
  const inner = value[key];
  return Array.isArray(inner) ? (inner as SettingsValue[]) : [];
}
