import type { JobRow, SeriesRow } from '../../archive/index.ts';
import { noRuleMatched, type AnalyseRequest } from '../../intake/index.ts';
import { unservedJobs } from '../../jobs/index.ts';
import type { Analysis, Explanation, PathStep } from '../contract.ts';
import type { NodeAccess } from '../options.ts';

interface Known {
  readonly series: SeriesRow;
  readonly instances: number;
  readonly analyses: readonly Analysis[];
  readonly explanations: readonly Explanation[];
}

/** The way of a series through the node, step by step, as the index tells it: received, judged, analysed, delivered. */
export async function pathOf(node: NodeAccess, known: Known): Promise<PathStep[]> {
  const { series, analyses } = known;
  const judged = await jobsOf(node, `assemble:${series.id}`, true);
  const analysed = await jobsOf(node, `analyse:${series.id}:`, false);
  const delivered = await Promise.all(analyses.map(async ({ id }) => await deliveriesOf(node, id)));
  return [
    received(known),
    ...judged.map((job, index) => judgedStep(job, known, index === judged.length - 1)),
    ...analysed.map((job) => analysedStep(job, analyses)),
    ...delivered.flat(),
  ];
}

async function jobsOf(node: NodeAccess, key: string, exact: boolean): Promise<readonly JobRow[]> {
  const jobs = node.database.selectFrom('job').selectAll().orderBy('id', 'desc').limit(20);
  // a range of the key's index: all keys that begin with it
  const found = exact
    ? await jobs.where('key', '=', key).execute()
    : await jobs.where('key', '>=', key).where('key', '<', `${key}~`).execute();
  return found.reverse();
}

function received({ series, instances }: Known): PathStep {
  return {
    stage: 'received',
    state: series.state === 'receiving' ? 'running' : 'done',
    title: `${instances} instances from ${series.calling_ae_title || 'an unnamed device'}`,
    detail: 'Each was flushed to the disk and indexed before it was acknowledged.',
    startedAt: series.first_received_at,
    finishedAt: series.last_received_at,
    jobId: null,
    canRetry: false,
  };
}

function judgedStep(job: JobRow, known: Known, isLast: boolean): PathStep {
  const { series, explanations, analyses } = known;
  const step = { ...common(job), stage: 'judged' as const };
  if (job.state === 'available' && step.state === 'waiting')
    return {
      ...step,
      title: 'Waits for more images',
      detail: 'Judged when no image came for the quiet period.',
    };
  if (job.state === 'dead') return { ...step, title: 'Could not be judged', detail: attempts(job) };
  if (!isLast) return { ...step, title: 'Judged complete', detail: 'Later images reopened the series.' };
  if (series.reason_code === noRuleMatched)
    return { ...step, state: 'stopped', title: 'No rule takes it', detail: series.reason_text ?? '' };
  const rule =
    analyses.find((one) => one.rule !== '')?.rule ??
    explanations.find(({ matches }) => matches)?.rule ??
    'a rule';
  return { ...step, title: `Taken by the rule "${rule}"`, detail: series.reason_text ?? '' };
}

function analysedStep(job: JobRow, analyses: readonly Analysis[]): PathStep {
  const step = { ...common(job), stage: 'analysed' as const };
  const { rule, reason } = JSON.parse(job.payload) as Pick<AnalyseRequest, 'rule' | 'reason'>;
  const what = reason?.code === noRuleMatched ? 'Report that no rule takes it' : `Analysis by "${rule}"`;
  if (job.state !== 'done') return { ...step, title: what, detail: attempts(job) };
  const made = analyses.find(({ finishedAt }) => Math.abs(finishedAt - (job.finished_at ?? 0)) < 1000);
  if (made === undefined) return { ...step, title: 'Known input: the earlier result stands', detail: '' };
  const seconds = Object.values(made.timingsMs).reduce((sum, ms) => sum + ms, 0) / 1000;
  const state = {
    findings: `${made.findings.length} findings`,
    'no-findings': 'No findings',
    'not-analysed': 'Not analysed',
  };
  return {
    ...step,
    title: `${state[made.state]} (${made.bundle}, version ${made.version})`,
    detail: made.reason === null ? `${seconds.toFixed(1)} s` : `${made.reason.code}: ${made.reason.text}`,
  };
}

async function deliveriesOf(node: NodeAccess, analysisId: number): Promise<readonly PathStep[]> {
  const gone = (await unservedJobs(node.database)).map(({ kind }) => kind);
  const kinds = new Set([...node.facts().destinations.map(({ name }) => `deliver:${name}`), ...gone]);
  const jobs = await node.database
    .selectFrom('job')
    .selectAll()
    .where(
      'key',
      'in',
      [...kinds].filter((kind) => kind.startsWith('deliver:')).map((kind) => `${kind}:${analysisId}`),
    )
    .orderBy('id')
    .execute();
  const stored = await node.database
    .selectFrom('delivered')
    .innerJoin('result', 'result.id', 'delivered.result_id')
    .select((eb) => ['delivered.destination', eb.fn.countAll<number>().as('count')])
    .where('result.analysis_id', '=', analysisId)
    .groupBy('delivered.destination')
    .execute();
  const superseded = await node.database
    .selectFrom('superseded_delivery')
    .select('destination')
    .where('analysis_id', '=', analysisId)
    .execute();
  return jobs.map((job) => {
    const destination = job.key.slice('deliver:'.length, job.key.lastIndexOf(':'));
    const count = stored.find((one) => one.destination === destination)?.count ?? 0;
    if (job.state === 'done' && count === 0 && superseded.some((one) => one.destination === destination)) {
      const detail = 'A newer result had replaced it before any of it was sent.';
      return { ...common(job), stage: 'delivered' as const, title: `Not sent to ${destination}`, detail };
    }
    const title =
      job.state === 'done' ? `${count} objects stored by ${destination}` : `Delivery to ${destination}`;
    return { ...common(job), stage: 'delivered' as const, title, detail: attempts(job) || waits(job) };
  });
}

function common(job: JobRow): Omit<PathStep, 'stage' | 'title' | 'detail'> {
  const failing = job.state === 'available' && job.last_error !== null;
  const states = {
    available: failing ? 'failed' : 'waiting',
    running: 'running',
    done: 'done',
    dead: 'stopped',
  } as const;
  return {
    state: states[job.state],
    startedAt: job.created_at,
    finishedAt: job.finished_at,
    jobId: job.id,
    canRetry: job.state === 'dead',
  };
}

function waits({ state, due_at: dueAt, created_at: createdAt }: JobRow): string {
  if (state !== 'available' || dueAt <= createdAt) return '';
  return `It waits for the window of its rule, which opens at ${new Date(dueAt).toISOString()}; "Send again" sends it now.`;
}

function attempts(job: JobRow): string {
  if (job.last_error === null) return '';
  const when = job.state === 'available' ? `; next try ${new Date(job.due_at).toISOString()}` : '';
  const away = job.put_away_at === null ? '' : ' (put away by an administrator)';
  const tries = job.attempt === 0 ? '' : `Try ${job.attempt}: `;
  return `${tries}${job.last_error}${when}${away}`;
}
