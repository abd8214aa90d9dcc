import type { ArchiveFiles, Database, Transaction } from '../archive/index.ts';
import { soughtBy } from '../findings/index.ts';
import type { AnalyseRequest, Rule } from '../intake/index.ts';
import { findEarlier } from './earlier.ts';
import type { EarlierStudy } from './task.ts';

interface Asking {
  readonly route: { readonly pipeline: string; readonly bundleSha256: string };
  readonly options: {
    readonly files: ArchiveFiles;
    readonly rules: readonly Rule[];
    readonly comparison: { readonly enabled: boolean; readonly waitSeconds: number };
    readonly now: () => number;
  };
}

/** What the series can be compared with now; or when to ask again, while earlier studies are being fetched for the first time. */
export async function earlierStudy(
  database: Database,
  request: AnalyseRequest,
  { route, options }: Asking,
): Promise<{ kind: 'wait'; until: number } | { kind: 'go'; earlier: EarlierStudy | null }> {
  const rule = options.rules.find(({ name }) => name === request.rule);
  // blood is not followed up, and a scan for it may be urgent
  const isFollowedUp = options.comparison.enabled && soughtBy(route.pipeline) === 'aneurysm';
  if (!isFollowedUp || rule === undefined || request.reason !== null) return { kind: 'go', earlier: null };
  const mostMs = options.comparison.waitSeconds * 1000;
  const fetching = await fetchJob(database, request.seriesId);
  const isFirstTry = fetching?.state === 'running' ? fetching.attempt === 1 : fetching?.attempt === 0;
  const now = options.now();
  if (
    fetching !== undefined &&
    isFirstTry &&
    request.unhurried !== true &&
    now < fetching.created_at + mostMs
  )
    return { kind: 'wait', until: Math.min(now + lookEveryMs, fetching.created_at + mostMs) };
  const found = await findEarlier(database, request.seriesId, {
    ...{ ...route, rule },
    fetchingSince: fetching?.created_at,
  });
  if (found === null) return { kind: 'go', earlier: fetching === undefined ? null : { kind: 'awaited' } };
  const paths = found.paths.map((path) => options.files.absolute(path));
  const mostReadingMs = request.unhurried === true ? null : mostMs;
  return { kind: 'go', earlier: { ...found, kind: 'series', paths, mostReadingMs } };
}

const lookEveryMs = 500;

/** Whether nothing is being fetched for a series any more. */
export async function priorsSettled(transaction: Transaction, seriesId: number): Promise<boolean> {
  return (await fetchJob(transaction, seriesId)) === undefined;
}

/** The job that fetches earlier studies for a series, unless it is done. */
async function fetchJob(
  database: Database | Transaction,
  seriesId: number,
): Promise<{ state: string; attempt: number; created_at: number } | undefined> {
  return await database
    .selectFrom('job')
    .select(['state', 'attempt', 'created_at'])
    .where('key', '=', `priors:${seriesId}`)
    .where('state', '!=', 'done')
    .executeTakeFirst();
}
