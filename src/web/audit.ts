import type { FastifyRequest } from 'fastify';
import type { Database, Transaction } from '../archive/index.ts';
import type { NodeAccess } from './options.ts';

/** What was done to what. Internal ids and names of settings only: no patient data. */
export interface AuditedAct {
  readonly action: string;
  readonly object: string;
  readonly outcome?: 'success' | 'refused';
  readonly detail?: string;
}

/** Writes the audit line of an act; inside a transaction it stands or falls with the act. */
export async function record(
  node: Pick<NodeAccess, 'database' | 'now' | 'acted'>,
  request: FastifyRequest,
  act: AuditedAct,
  within?: Transaction,
): Promise<void> {
  const target: Database | Transaction = within ?? node.database;
  const line = {
    who: request.identity?.name ?? 'nobody',
    address: request.socket.remoteAddress ?? 'unknown',
    action: act.action,
    object: act.object,
    outcome: act.outcome ?? 'success',
  };
  await target
    .insertInto('audit')
    .values({ ...line, at: node.now(), detail: act.detail ?? '' })
    .execute();
  node.acted(line);
}
