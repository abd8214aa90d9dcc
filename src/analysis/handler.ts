import type {
  AnalysisRow,
  ArchiveFiles,
  Database,
  InstanceRow,
  NewAnalysis,
  Transaction,
} from '../archive/index.ts';
import { enqueueDeliveries, hastenDeliveries } from '../delivery/index.ts';
import { WillisError, describeError } from '../errors.ts';
import type { Reason, SeriesFindings } from '../findings/index.ts';
import { isRemoteFault } from '../inference/index.ts';
import { analyseJob, isAboutTransfer, judgeAnew, reopenIfCompleted } from '../intake/index.ts';
import type { AnalyseRequest, Judgement, RulesInForce } from '../intake/index.ts';
import { enqueue, type Job, type JobHandler, type JobOutcome } from '../jobs/index.ts';
import type { ReportReference } from '../results/index.ts';
import { earlierStudy, priorsSettled } from './awaited.ts';
import { makeUpForLateComparison } from './late-comparison.ts';
import type { AnalysisWorker } from './pool.ts';
import { isUnmatched, routeOf, usualKinds, type Route, type Routing } from './route.ts';
import type { SeriesOutcome, SeriesTask } from './task.ts';

const analysisFailed = 'ANALYSIS_FAILED';

const reportKinds: readonly ReportReference['kind'][] = ['sr', 'sr-comprehensive', 'sr-basic-text'];

export interface AnalyseOptions extends RulesInForce, Routing {
  readonly files: ArchiveFiles;
  readonly worker: Pick<AnalysisWorker, 'run'>;
  readonly softwareVersion: string;
  /** Of pictures and documents. */
  readonly language: NonNullable<SeriesTask['language']>;
  /** Whether earlier studies are compared, and how long a result waits for that at most. */
  readonly comparison: { readonly enabled: boolean; readonly waitSeconds: number };
  readonly now: () => number;
  /** The rule of a queued series is gone, and this is what those in force say of it. */
  readonly onJudged: (judgement: Judgement) => void;
  readonly onAnalysed: (analysed: { seriesId: number; findings: SeriesFindings; provider: string }) => void;
  /** The series waits for its inference server; nothing is given up. */
  readonly onWaiting: (waiting: { seriesId: number; error: WillisError }) => void;
}

/** A series whose inference server is away is tried again after so long, as often as it takes. */
const waitForServerMs = 30_000;

/** Analyses one input set and commits findings, results and one delivery a destination together (invariants 2 and 3). */
export function analyseHandler(database: Database, options: AnalyseOptions): JobHandler {
  return {
    maxAttempts: 3,
    firstRetryMs: 2000,
    longestRetryMs: 60_000,
    run: async (job) => await analyse(database, options, job.payload as AnalyseRequest),
    onDead: async (transaction, job, error) => await reportFailure(transaction, options, job, error),
  };
}

async function analyse(
  database: Database,
  options: AnalyseOptions,
  request: AnalyseRequest,
): Promise<JobOutcome> {
  const route = routeOf(options, request);
  if (route === undefined) return ruleGone(options, request);
  const earlier = await known(database, request, route);
  if (earlier !== undefined && stands(earlier, request) && request.reprocessAt === undefined) {
    // The input set was analysed before, perhaps as another series (a converted copy): the series takes over that outcome.
    const findings = JSON.parse(earlier.findings) as SeriesFindings;
    return {
      kind: 'done',
      commit: async (transaction) =>
        await setSeriesState(transaction, request.seriesId, { findings, now: options.now() }),
    };
  }
  const comparison = await earlierStudy(database, request, { route, options });
  if (comparison.kind === 'wait') return { kind: 'again', dueAt: comparison.until };
  const instances = await database
    .selectFrom('instance')
    .selectAll()
    .where('id', 'in', request.instanceIds)
    .execute();
  const previous = await previousAnalysis(database, request.seriesId, route.pipeline);
  const version = (earlier?.version ?? 0) + 1;
  const task = {
    ...taskOf(request, { route, instances, previous, options, version }),
    ...(comparison.earlier === null ? {} : { earlier: comparison.earlier }),
  };
  const outcome = await options.worker.run(task).catch((error: unknown) => waiting(error));
  if (outcome instanceof WillisError) {
    options.onWaiting({ seriesId: request.seriesId, error: outcome });
    return { kind: 'again', dueAt: options.now() + waitForServerMs };
  }
  return {
    kind: 'done',
    commit: async (transaction) => {
      await commitAnalysis(transaction, options, { request, route, previous, task, outcome });
      if (await priorsSettled(transaction, request.seriesId))
        await makeUpForLateComparison(transaction, request.seriesId, { ...options, now: options.now() });
    },
    told: () => {
      const { findings, provider } = outcome;
      options.onAnalysed({ seriesId: request.seriesId, findings, provider });
    },
  };
}

/** The fault of an inference server that the configuration wants to wait for; any other error goes on its way. */
function waiting(error: unknown): WillisError {
  if (isRemoteFault(error)) return error;
  throw error;
}

/** Renamed or taken out while the series waited: the rules that have a route now judge it. */
function ruleGone(options: AnalyseOptions, request: AnalyseRequest): JobOutcome {
  const rules = options.rules.filter(({ name }) => options.routes.has(name));
  const { unmatched, now } = options;
  const judgements: Judgement[] = [];
  return {
    kind: 'done',
    commit: async (transaction) => {
      const judgement = await judgeAnew(transaction, request, { rules, unmatched, now: now() });
      if (judgement !== null) judgements.push(judgement);
    },
    told: () => judgements.forEach((judgement) => options.onJudged(judgement)),
  };
}

/** The newest analysis of this very input set by this very bundle. */
async function known(
  database: Database,
  request: AnalyseRequest,
  route: Route,
): Promise<AnalysisRow | undefined> {
  return await database
    .selectFrom('analysis')
    .selectAll()
    .where('input_sha256', '=', request.inputSha256)
    .where('pipeline', '=', route.pipeline)
    .where('bundle_sha256', '=', route.bundleSha256)
    .orderBy('version', 'desc')
    .executeTakeFirst();
}

/**
 * A failure of the node is no result, nor is that no rule took the series before: the input set is read now, as a new version. Nor is
 * that something might be missing, once the sender has come again and nothing was.
 */
function stands(row: AnalysisRow, request: AnalyseRequest): boolean {
  const findings = JSON.parse(row.findings) as SeriesFindings;
  if (findings.state !== 'not-analysed') return true;
  const { code } = findings.reason;
  const isWhole = request.reason === null && request.doubt === undefined;
  if (code === analysisFailed || (isAboutTransfer(code) && isWhole)) return false;
  return isUnmatched(request) || !isUnmatched(findings);
}

interface Previous {
  readonly id: number;
  readonly reports: readonly ReportReference[];
}

/** The newest result of the same series, which this one replaces: a late image came. Its reports, of whatever kinds were asked for. */
async function previousAnalysis(
  database: Database,
  seriesId: number,
  pipeline: string,
): Promise<Previous | null> {
  const analysis = await database
    .selectFrom('analysis')
    .select('id')
    .where('series_id', '=', seriesId)
    .where('pipeline', '=', pipeline)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (analysis === undefined) return null;
  const rows = await database
    .selectFrom('result')
    .selectAll()
    .where('analysis_id', '=', analysis.id)
    .where('kind', 'in', reportKinds)
    .orderBy('id')
    .execute();
  const reports = rows.map((row) => ({
    kind: row.kind as ReportReference['kind'],
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
  }));
  return { id: analysis.id, reports };
}

function taskOf(
  request: AnalyseRequest,
  known: {
    route: Route;
    instances: readonly InstanceRow[];
    previous: Previous | null;
    options: AnalyseOptions;
    version: number;
  },
): SeriesTask {
  const { route, instances, previous, options, version } = known;
  const name = `${request.seriesId}-${request.inputSha256.slice(0, 16)}-${route.bundleSha256.slice(0, 8)}-${version}`;
  return {
    paths: instances.map((instance) => options.files.absolute(instance.path)),
    pipeline: route.pipeline,
    bundleFolder: route.bundleFolder,
    ...(route.card === undefined ? {} : { card: route.card }),
    ...(route.helpersFolder === undefined ? {} : { helpersFolder: route.helpersFolder }),
    ...(route.also === undefined ? {} : { also: route.also }),
    reason: request.reason,
    ...(request.doubt === undefined ? {} : { doubt: request.doubt }),
    inputSha256: request.inputSha256,
    bundleSha256: route.bundleSha256,
    version,
    supersedes: previous && { reports: previous.reports },
    completeness: request.completeness,
    kinds: route.kinds ?? usualKinds,
    folder: options.files.resultFolder(name),
    createdAtMs: options.now(),
    softwareVersion: options.softwareVersion,
    language: options.language,
  };
}

async function commitAnalysis(
  transaction: Transaction,
  options: AnalyseOptions,
  done: {
    request: AnalyseRequest;
    route: Route;
    previous: Previous | null;
    task: SeriesTask;
    outcome: SeriesOutcome;
  },
): Promise<void> {
  const { request, route, previous, task, outcome } = done;
  const now = options.now();
  const folder = options.files.relative(task.folder);
  const row: NewAnalysis = {
    series_id: request.seriesId,
    // the nearest rule only lends its bundle to the report
    rule: isUnmatched(request) ? '' : request.rule,
    pipeline: route.pipeline,
    bundle_sha256: route.bundleSha256,
    input_sha256: request.inputSha256,
    version: task.version,
    supersedes_id: previous?.id ?? null,
    state: outcome.findings.state,
    findings: JSON.stringify(outcome.findings),
    folder,
    finished_at: now,
  };
  const { id } = await transaction
    .insertInto('analysis')
    .values(row)
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const result of outcome.results) {
    await transaction
      .insertInto('result')
      .values({
        analysis_id: id,
        kind: result.kind,
        ordinal: result.ordinal,
        sop_class_uid: result.sopClassUid,
        sop_instance_uid: result.sopInstanceUid,
        series_instance_uid: result.seriesInstanceUid,
        transfer_syntax_uid: result.transferSyntaxUid,
        path: `${folder}/${result.file}`,
      })
      .execute();
  }
  await setSeriesState(transaction, request.seriesId, { findings: outcome.findings, now });
  const dueAt = route.sendAt?.(outcome.findings, now) ?? now;
  // an earlier result that still waits, for its window or its destination, must not come after the one that replaces it
  await hastenDeliveries(transaction, request.seriesId, dueAt);
  // where no result was made (images of several patients) nobody is told of one either
  const sendTo = outcome.results.length === 0 ? [] : route.sendTo;
  await enqueueDeliveries(transaction, id, sendTo, { now, dueAt });
}

/** A late image may already have reopened the series: its newer state stands. */
async function setSeriesState(
  transaction: Transaction,
  seriesId: number,
  { findings, now }: { readonly findings: SeriesFindings; readonly now: number },
): Promise<void> {
  const reason = findings.state === 'not-analysed' ? findings.reason : null;
  await transaction
    .updateTable('series')
    .set({ state: findings.state, reason_code: reason?.code ?? null, reason_text: reason?.text ?? null })
    .where('id', '=', seriesId)
    .where('state', '=', 'queued')
    .execute();
  await reopenIfCompleted(transaction, seriesId, now);
}

/** A series that cannot be analysed is still reported: the first failure asks for the report, a failure of that ends here. */
async function reportFailure(
  transaction: Transaction,
  options: AnalyseOptions,
  job: Job,
  error: unknown,
): Promise<void> {
  const request = job.payload as AnalyseRequest;
  const reason: Reason = { code: analysisFailed, text: `The analysis failed: ${describeError(error)}` };
  if (request.reason === null) {
    await enqueue(transaction, analyseJob({ ...request, reason }, options.now()), options.now());
    return;
  }
  await transaction
    .updateTable('series')
    .set({ state: 'not-analysed', reason_code: reason.code, reason_text: reason.text })
    .where('id', '=', request.seriesId)
    .execute();
}
