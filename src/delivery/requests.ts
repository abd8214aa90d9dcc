import type { Transaction } from '../archive/index.ts';
import { enqueue, hasten } from '../jobs/index.ts';
import type { Destination } from './destination.ts';

/** What a "deliver" job is told. */
export interface DeliverRequest {
  readonly analysisId: number;
  readonly destination: string;
  /** Somebody asked for this very result: it is sent although a newer one replaced it. */
  readonly thoughReplaced?: boolean;
}

/** What a "commit" job is told. */
export interface CommitmentRequest {
  readonly analysisId: number;
}

/** Enqueues one delivery a destination in the caller's transaction; each destination has its own queue. */
export async function enqueueDeliveries(
  transaction: Transaction,
  analysisId: number,
  destinations: readonly string[],
  when: { readonly now: number; readonly dueAt?: number; readonly thoughReplaced?: boolean },
): Promise<void> {
  for (const destination of destinations) {
    const { thoughReplaced } = when;
    const payload: DeliverRequest = {
      ...{ analysisId, destination },
      ...(thoughReplaced === undefined ? {} : { thoughReplaced }),
    };
    const kind = deliverKind(destination);
    const dueAt = when.dueAt ?? when.now;
    await enqueue(
      transaction,
      { kind, queue: kind, key: deliverKey(destination, analysisId), payload, dueAt },
      when.now,
    );
  }
}

/** Deliveries of a series that still wait are tried at `dueAt` at the latest. */
export async function hastenDeliveries(
  transaction: Transaction,
  seriesId: number,
  dueAt: number,
): Promise<void> {
  const analyses = await transaction
    .selectFrom('analysis')
    .select('id')
    .where('series_id', '=', seriesId)
    .execute();
  for (const { id } of analyses) {
    const waiting = await transaction
      .selectFrom('job')
      .select('key')
      .where('state', '=', 'available')
      .where('key', 'like', `${deliverKind('%')}:${id}`)
      .execute();
    for (const { key } of waiting) await hasten(transaction, key, dueAt);
  }
}

/** In the transaction that records what was stored: the destination will be asked to take responsibility for it (PS3.4 J). */
export async function enqueueCommitment(
  transaction: Transaction,
  destination: Destination,
  analysisId: number,
  now: number,
): Promise<void> {
  if (destination.type === 'stow-rs' || !destination.commitment) return;
  const kind = commitmentKind(destination.name);
  const key = commitmentKey(destination.name, analysisId);
  const payload: CommitmentRequest = { analysisId };
  await enqueue(transaction, { kind, queue: kind, key, payload, dueAt: now }, now);
}

export function deliverKind(destination: string): string {
  return `deliver:${destination}`;
}

export function deliverKey(destination: string, analysisId: number): string {
  return `${deliverKind(destination)}:${analysisId}`;
}

export function commitmentKind(destination: string): string {
  return `commit:${destination}`;
}

export function commitmentKey(destination: string, analysisId: number): string {
  return `${commitmentKind(destination)}:${analysisId}`;
}
