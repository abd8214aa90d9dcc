import type { Database } from '../archive/index.ts';
import type { JobHandler } from '../jobs/index.ts';
import type { CommitmentReport } from '../network/index.ts';
import { commitmentHandler } from './commitment.ts';
import { takeReport } from './commitment-report.ts';
import { deliverHandler, type DeliverOptions } from './deliver.ts';
import type { Destination } from './destination.ts';
import { noticeHandlers, type NoticeOptions } from './notices.ts';
import { commitmentKind, deliverKind } from './requests.ts';

export interface DeliveryOptions extends NoticeOptions, DeliverOptions {
  /** A UID never used before, for each storage commitment transaction. */
  readonly newUid: () => string;
}

/** Everything a destination needs done, by job kind; each kind has a queue of its own, so that none waits for another. */
export function deliveryHandlers(
  database: Database,
  destinations: readonly Destination[],
  options: DeliveryOptions,
): ReadonlyMap<string, JobHandler> {
  return new Map(
    destinations.flatMap((destination) => [
      [deliverKind(destination.name), deliverHandler(database, destination, options)] as const,
      ...noticeHandlers(database, destination, options),
      ...(destination.type === 'stow-rs'
        ? []
        : [[commitmentKind(destination.name), commitmentHandler(database, destination, options)] as const]),
    ]),
  );
}

/** What a storage commitment report on an association of the peer does; returns the DIMSE status. */
export async function commitmentReported(
  database: Database,
  report: CommitmentReport,
  options: Pick<DeliveryOptions, 'now' | 'events'>,
): Promise<number> {
  return await takeReport(database, report, options);
}

export type { DeliveryEvents, Destination } from './destination.ts';
export { kindsWithFallbacks } from './fallbacks.ts';
export { enqueueDeliveries, hastenDeliveries } from './requests.ts';
