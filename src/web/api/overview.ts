import { unservedJobs } from '../../jobs/index.ts';
import type { App } from '../app.ts';
import { overview, type Overview } from '../contract.ts';
import type { NodeAccess } from '../options.ts';
import { ranLastOn } from './ran-on.ts';
import { jobCounts } from './health.ts';

/** One page that says how the node is. */
export function overviewRoutes(app: App, node: NodeAccess): void {
  const disk = diskForecast(node);
  app.get(
    '/api/overview',
    { config: { access: 'read' }, schema: { response: { 200: overview } } },
    async () => {
      const facts = node.facts();
      return {
        aeTitle: facts.aeTitle,
        addresses: [...facts.addresses],
        dicomPort: facts.dicomPort,
        version: node.version,
        startedAt: node.startedAt,
        providers: [...facts.providers],
        ranLastOn: await ranLastOn(node),
        threads: facts.threads,
        settingsFault: node.settings.document().fault,
        restartNeeded: [...node.settings.restartNeeded()],
        callersLimited: facts.callers.length > 0,
        destinations: facts.destinations.length,
        series: await seriesCounts(node),
        jobs: await jobLines(node),
        disk: await disk(),
        failures: [...(await waitingForNobody(node)), ...(await failures(node))],
        strangers: await strangerCount(node),
        doorToResult: await doorToResult(node),
        instancesPerMinute: [...node.throughput.perMinute(node.now())],
      };
    },
  );
}

async function seriesCounts(node: NodeAccess): Promise<Overview['series']> {
  const rows = await node.database
    .selectFrom('series')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const none = { receiving: 0, queued: 0, findings: 0, 'no-findings': 0, 'not-analysed': 0 };
  return { ...none, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
}

async function jobLines(node: NodeAccess): Promise<Overview['jobs']> {
  const counts = await jobCounts(node);
  const kinds = [...new Set(['assemble', 'analyse', ...counts.map(({ kind }) => kind)])];
  return kinds.map((kind) => {
    const count = (state: string): number =>
      counts.find((one) => one.kind === kind && one.state === state)?.count ?? 0;
    return { kind, waiting: count('available'), running: count('running'), dead: count('dead') };
  });
}

async function failures(node: NodeAccess): Promise<Overview['failures']> {
  const rows = await node.database
    .selectFrom('job')
    .select(['id', 'kind', 'key', 'finished_at', 'last_error'])
    .where('state', '=', 'dead')
    .where('put_away_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(10)
    .execute();
  return rows.map((row) => ({
    jobId: row.id,
    kind: row.kind,
    key: row.key,
    at: row.finished_at ?? 0,
    error: row.last_error ?? '',
    canRetry: true,
  }));
}

/** Nothing is lost yet: as of a destination that was taken out, or is called otherwise now. */
async function waitingForNobody(node: NodeAccess): Promise<Overview['failures']> {
  const unserved = await unservedJobs(node.database);
  return unserved.map(({ kind, count, newestId, dueAt, error }) => ({
    ...{ jobId: newestId, kind, key: `${kind} (${count} ${count === 1 ? 'waits' : 'wait'})` },
    ...{ at: dueAt, error: `${error} Looked for again then.`, canRetry: false },
  }));
}

async function strangerCount(node: NodeAccess): Promise<number> {
  const row = await node.database
    .selectFrom('stranger')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

const newestAnalyses = 500;

/** From the last image received to the analysis in the archive, by caller and pipeline, over the newest analyses. */
async function doorToResult(node: NodeAccess): Promise<Overview['doorToResult']> {
  const rows = await node.database
    .selectFrom('analysis')
    .innerJoin('series', 'series.id', 'analysis.series_id')
    .select([
      'series.calling_ae_title',
      'series.last_received_at',
      'analysis.pipeline',
      'analysis.finished_at',
    ])
    .orderBy('analysis.id', 'desc')
    .limit(newestAnalyses)
    .execute();
  const groups = Map.groupBy(rows, (row) => `${row.calling_ae_title}\n${row.pipeline}`);
  return [...groups.values()].map((group) => {
    const seconds = group
      .map((row) => (row.finished_at - row.last_received_at) / 1000)
      .filter((value) => value >= 0)
      .sort((a, b) => a - b);
    const { calling_ae_title: caller, pipeline } = group[0]!;
    return {
      caller,
      pipeline,
      count: seconds.length,
      p50Seconds: rank(seconds, 0.5),
      p95Seconds: rank(seconds, 0.95),
    };
  });
}

/** Nearest-rank percentile of a sorted list; 0 where it is empty. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const forecastDays = 7;
const dayMs = 86_400_000;

/** Free disk and how long it lasts at the rate of the last days; the sum over the archive is made at most every ten minutes. */
function diskForecast(node: NodeAccess): () => Promise<Overview['disk']> {
  let known = { at: -Infinity, bytesPerDay: 0 };
  return async () => {
    const now = node.now();
    if (now - known.at > 600_000) known = { at: now, bytesPerDay: await bytesPerDay(node, now) };
    const { freeBytes, totalBytes } = node.facts();
    const usedBytesPerDay = known.bytesPerDay;
    const daysLeft = usedBytesPerDay > 0 ? freeBytes / usedBytesPerDay : null;
    return { freeBytes, totalBytes, usedBytesPerDay, daysLeft };
  };
}

async function bytesPerDay(node: NodeAccess, now: number): Promise<number> {
  const row = await node.database
    .selectFrom('instance')
    .innerJoin('series', 'series.id', 'instance.series_id')
    .select((eb) => [
      eb.fn.sum<number | null>('size_bytes').as('bytes'),
      eb.fn.min<number | null>('first_received_at').as('first'),
    ])
    .where('series.last_received_at', '>', now - forecastDays * dayMs)
    .executeTakeFirstOrThrow();
  const days = Math.min(forecastDays, Math.max(1, (now - (row.first ?? now)) / dayMs));
  return (row.bytes ?? 0) / days;
}
