import { setTimeout as sleep } from 'node:timers/promises';
import type { ArchiveFiles, Database } from './archive/index.ts';
import { commitmentReported } from './delivery/index.ts';
import { WillisError, describeError } from './errors.ts';
import { associationEnded, seriesNamedIn, type AssociationEnd, type Ingest } from './intake/index.ts';
import type { Runner } from './jobs/index.ts';
import type { AssociationSummary, CommitmentReport, ReceiverPort } from './network/index.ts';
import type { NodeAudit } from './node-audit.ts';
import type { CallBook } from './node-calls.ts';
import type { NodeEvents } from './node-events.ts';
import type { EventHub, Metrics, Throughput } from './operations/index.ts';

const keepAgainMs = 1000;
/** Ten minutes: then something else is wrong than the room, and the ends behind it have waited long enough. */
const mostTries = 600;

/** C-STORE statuses (PS3.4 B.2.3). */
const success = 0x0000;
const outOfResources = 0xa700;
const datasetDoesNotMatch = 0xa900;
const cannotUnderstand = 0xc000;
/** N-EVENT-REPORT (PS3.7 10.1.1.1.8). */
const processingFailure = 0x0110;

interface Parts {
  /** Ours: an instance that comes because we asked for its C-MOVE is a prior. */
  readonly aeTitle: string;
  readonly database: Database;
  readonly files: ArchiveFiles;
  readonly ingest: Ingest;
  readonly runner: Runner;
  readonly events: NodeEvents;
  readonly quietPeriodAfterReleaseMs: number;
  readonly freeBytes: () => number;
  readonly minimumFreeBytes: number;
  readonly watch: ReceiverWatch;
  /** Of the node: ends that are not kept by then were cut off, as the next start has it. */
  readonly stopping: AbortSignal;
}

/** Who counts what arrives. */
export interface ReceiverWatch {
  readonly arrived: (arrival: { readonly seriesId: number | null; readonly sizeBytes: number }) => void;
  readonly closed: (summary: AssociationSummary, stored: readonly StoredCount[]) => void;
}

/** How many instances of a SOP class an association brought to a series. */
export interface StoredCount {
  readonly seriesId: number;
  readonly sopClassUid: string;
  readonly instances: number;
}

/** What an association brought, and the series of those that were refused, by SOP Instance UID, where their header told it. */
interface Brought {
  stored: StoredCount[];
  readonly refused: Map<string, string>;
}

/** The archive as the receiver sees it: where files go, whether there is room, and what status the commit deserves. */
export function receiverPort(parts: Parts): ReceiverPort {
  const open = new Map<string, Brought>();
  // one after the other, as they ended: what a release completes had broken off before
  let kept = Promise.resolve();
  const broughtBy = (association: string): Brought => {
    const brought = open.get(association) ?? { stored: [], refused: new Map<string, string>() };
    open.set(association, brought);
    return brought;
  };
  return {
    allocate: () => parts.files.allocateInstance(),
    admit: () => {
      const free = parts.freeBytes();
      if (free >= parts.minimumFreeBytes) return { kind: 'accept' };
      const why = `only ${Math.round(free / 1e6)} MB of disk are free, node.minimumFreeMegabytes is ${parts.minimumFreeBytes / 1e6}`;
      return { kind: 'busy', why };
    },
    commit: async (received) => {
      const brought = broughtBy(received.associationId);
      try {
        const origin = received.moveOriginatorAeTitle === parts.aeTitle ? 'prior' : 'routed';
        const { seriesId } = await parts.ingest.take({ ...received, origin });
        brought.stored = oneMore(brought.stored, seriesId, received.sopClassUid);
        parts.watch.arrived({ seriesId, sizeBytes: received.sizeBytes });
        return success;
      } catch (error) {
        parts.watch.arrived({ seriesId: null, sizeBytes: received.sizeBytes });
        parts.events.log.warn('an instance was refused', {
          from: received.callingAeTitle,
          why: describeError(error),
        });
        const seriesInstanceUid = await seriesNamedIn(received);
        if (seriesInstanceUid !== null) brought.refused.set(received.sopInstanceUid, seriesInstanceUid);
        return statusOf(error);
      }
    },
    reported: async (report) => await takeReport(parts, report),
    associationClosed: (summary) => {
      const brought = broughtBy(summary.id);
      open.delete(summary.id);
      parts.watch.closed(summary, brought.stored);
      parts.events.log.info(summary.text, { association: summary.id });
      if (brought.stored.length === 0 && summary.missing.length === 0) return;
      const endedAt = Date.now();
      kept = kept
        .then(async () => await untilKept(parts, async () => await keepEnd(parts, summary, brought, endedAt)))
        .then(() => parts.runner.wake());
    },
  };
}

/** A disk that was full has room again some time; until then the series of the association must not wait for an end that was. */
async function untilKept({ events: { log }, stopping }: Parts, keep: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= mostTries; attempt += 1) {
    try {
      await keep();
      return;
    } catch (error) {
      const why = describeError(error);
      if (attempt === 1)
        log.warn('how an association ended cannot be kept yet, it is tried each second', { why });
      if (attempt === mostTries)
        log.error('how an association ended could not be kept: its series wait until it would be idle', {
          why,
        });
    }
    if (stopping.aborted) return;
    await sleep(keepAgainMs, undefined, { ref: false });
  }
}

/** What the sender may still have holds its series; a release hastens them. */
async function keepEnd(
  parts: Parts,
  summary: AssociationSummary,
  brought: Brought,
  now: number,
): Promise<void> {
  const end: AssociationEnd = {
    association: summary.id,
    how: howEnded(summary),
    missing: await missingOf(parts.database, summary, brought),
  };
  await associationEnded(parts.database, end, { now, dueAt: now + parts.quietPeriodAfterReleaseMs });
}

/**
 * Some senders abort where others release: between objects, all of them acknowledged (DCMTK's storescu, when a file of its folder is no
 * image). What broke off is a connection that was lost, or an object that was on its way or refused.
 */
function howEnded({ ending, missing }: AssociationSummary): AssociationEnd['how'] {
  if (ending === 'released') return 'released';
  if (missing.length > 0) return 'cut-off';
  if (ending === 'timed-out') return 'silent';
  return ending === 'aborted' ? 'aborted' : 'cut-off';
}

/** An instance whose header nobody could read may be of any series of its SOP Class that the association brought. */
async function missingOf(
  database: Database,
  { missing }: AssociationSummary,
  { stored, refused }: Brought,
): Promise<AssociationEnd['missing']> {
  if (missing.length === 0) return [];
  const series = await database
    .selectFrom('series')
    .select(['id', 'series_instance_uid'])
    .where(
      'id',
      'in',
      stored.map(({ seriesId }) => seriesId),
    )
    .execute();
  return missing.flatMap(({ sopInstanceUid, sopClassUid }) => {
    const named = refused.get(sopInstanceUid);
    if (named !== undefined) return [{ sopInstanceUid, seriesInstanceUid: named }];
    const alike = new Set(
      stored.filter((one) => one.sopClassUid === sopClassUid).map(({ seriesId }) => seriesId),
    );
    return series
      .filter(({ id }) => alike.has(id))
      .map((row) => ({ sopInstanceUid, seriesInstanceUid: row.series_instance_uid }));
  });
}

function oneMore(stored: readonly StoredCount[], seriesId: number, sopClassUid: string): StoredCount[] {
  const isSame = (one: StoredCount): boolean => one.seriesId === seriesId && one.sopClassUid === sopClassUid;
  const before = stored.find(isSame)?.instances ?? 0;
  return [...stored.filter((one) => !isSame(one)), { seriesId, sopClassUid, instances: before + 1 }];
}

/** Storage commitment: what a PACS keeps and what it lacks. */
async function takeReport(parts: Parts, report: CommitmentReport): Promise<number> {
  const { database, events, runner } = parts;
  try {
    const status = await commitmentReported(database, report, { now: Date.now, events: events.delivery });
    if (status !== success)
      events.log.warn('a storage commitment report of no transaction of ours was refused');
    runner.wake();
    return status;
  } catch (error) {
    events.log.error('a storage commitment report could not be kept', { why: describeError(error) });
    return processingFailure;
  }
}

/** Counts arrivals and associations, and tells those who watch. */
export function receiverWatch(to: {
  readonly hub: EventHub;
  readonly metrics: Metrics;
  readonly throughput: Throughput;
  readonly calls: CallBook;
  readonly audit: Pick<NodeAudit, 'received'>;
  readonly now: () => number;
}): ReceiverWatch {
  return {
    arrived: ({ seriesId, sizeBytes }) => {
      to.metrics.instance(seriesId === null ? 'refused' : 'stored', 'dicom', sizeBytes);
      if (seriesId === null) return;
      to.throughput.count(to.now());
      to.hub.publish({ kind: 'instance', seriesId });
    },
    closed: (summary, stored) => {
      if (stored.length > 0) to.audit.received(summary, stored);
      to.metrics.association(summary.ending);
      to.calls.enter(summary);
      to.hub.publish({ kind: 'association' });
    },
  };
}

function statusOf(error: unknown): number {
  if (!(error instanceof WillisError)) return outOfResources;
  if (error.code === 'INSTANCE_MISMATCH') return datasetDoesNotMatch;
  return error.code === 'INSTANCE_NOT_READABLE' ? cannotUnderstand : outOfResources;
}
