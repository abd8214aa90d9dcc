import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  analyseHandler,
  makeUpForLateComparison,
  type AnalysisWorker,
  type Route,
  type SeriesOutcome,
  type SeriesTask,
} from '../../src/analysis/index.ts';
import { openDatabase, openFiles, type Database } from '../../src/archive/index.ts';
import { WillisError } from '../../src/errors.ts';
import { associationEnded, type AnalyseRequest, type Judgement } from '../../src/intake/index.ts';
import type { Comparison } from '../../src/findings/index.ts';
import { enqueue, type Job, type JobOutcome } from '../../src/jobs/index.ts';
import { buildResults } from '../../src/results/index.ts';
import { archive } from '../support/archived.ts';
import { madeInput, madeSource } from '../support/result-input.ts';

describe('the analysis stage', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'willis-analysis-'));
  let database: Database;
  let file = 0;
  beforeEach(async () => {
    database = openDatabase(path.join(folder, `${(file += 1)}.sqlite`));
    await database
      .insertInto('series')
      .values({
        id: 1,
        series_instance_uid: '2.25.1',
        study_instance_uid: '2.25.2',
        modality: 'MR',
        description: '{}',
        calling_ae_title: 'SCANNER',
        first_received_at: 0,
        last_received_at: 0,
      })
      .execute();
  });
  afterEach(async () => await database.destroy());
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('asks for what the destinations of the route want; left out, for summary, heatmap and report', async () => {
    const usual = recordingWorker();
    await analyse('first input', usual, {});
    expect(usual.tasks[0]!.kinds).to.deep.equal(['summary', 'heatmap', 'sr']);
    const chosen = recordingWorker();
    await analyse('second input', chosen, { kinds: ['sr-basic-text', 'seg'] });
    expect(chosen.tasks[0]!.kinds).to.deep.equal(['sr-basic-text', 'seg']);
  });

  it('a result that replaces another is told its reports, though only a downgrade was ever made', async () => {
    const worker = recordingWorker();
    await analyse('80 slices', worker, { kinds: ['summary', 'sr-basic-text'] });
    await analyse('90 slices', worker, { kinds: ['summary', 'sr-basic-text'] });
    expect(worker.tasks[0]!.supersedes).to.equal(null);
    expect(worker.tasks[1]!.supersedes).to.deep.equal({
      reports: [
        {
          kind: 'sr-basic-text',
          sopClassUid: 'class of sr-basic-text',
          sopInstanceUid: '80 slices sr-basic-text',
          seriesInstanceUid: 'series of sr-basic-text',
        },
      ],
    });
  });

  it('what was not read because images might be missing is read once none is, and stands until then', async () => {
    const doubt = { code: 'TRANSFER_INCOMPLETE', text: '' };
    const doubtful = recordingWorker();
    const asked = async (request: Partial<AnalyseRequest>): Promise<void> =>
      await commit(await run('90 slices', doubtful, { request }));
    await asked({ reason: doubt });
    await asked({ doubt });
    expect(doubtful.tasks).to.have.length(1);
    await asked({});
    expect(doubtful.tasks.map(({ reason }) => reason)).to.deep.equal([doubt, null]);
  });

  for (const { isSentAgain, state } of [
    { isSentAgain: true, state: 'receiving' },
    { isSentAgain: false, state: 'not-analysed' },
  ])
    it(`what was not read because images might be missing is ${state} when, while it was being looked at, ${isSentAgain ? 'all of it came again' : 'nothing came'}`, async () => {
      const doubt = { code: 'TRANSFER_INCOMPLETE', text: '' };
      const carrier = { series_instance_uid: '2.25.1', association: 'first', began_at: 1 };
      await database.updateTable('series').set({ state: 'queued' }).execute();
      await database
        .insertInto('carrier')
        .values([
          { ...carrier, ending: 'cut-off', ended_at: 2 },
          { ...carrier, association: 'second', began_at: 3 },
        ])
        .execute();
      const worker = {
        run: async (task: SeriesTask): Promise<SeriesOutcome> => {
          const end = { association: 'second', how: 'released', missing: [] } as const;
          if (isSentAgain) await associationEnded(database, end, { now: 4, dueAt: 9 });
          return outcomeOf({ ...task, reason: doubt });
        },
      };
      await commit(await run('90 slices', worker, { request: { doubt } }));
      const series = await database.selectFrom('series').select('state').executeTakeFirstOrThrow();
      const judging = await database.selectFrom('job').select('key').where('kind', '=', 'assemble').execute();
      expect(series.state).to.equal(state);
      expect(judging).to.have.length(isSentAgain ? 1 : 0);
    });

  it('a result that replaces one without any report still says that it replaces', async () => {
    const worker = recordingWorker();
    await analyse('80 slices', worker, { kinds: ['summary'] });
    await analyse('90 slices', worker, { kinds: ['summary'] });
    expect(worker.tasks[1]!.supersedes).to.deep.equal({ reports: [] });
  });

  it('a result that waits for its window does not go before, nor after the one that replaces it', async () => {
    const worker = recordingWorker();
    const sendTo = ['pacs', 'cloud'];
    await analyse('80 slices', worker, { sendTo, sendAt: () => 5000 });
    const due = async (): Promise<readonly (readonly [string, number])[]> => {
      const jobs = await database.selectFrom('job').select(['key', 'due_at']).orderBy('id').execute();
      return jobs.map((job) => [job.key, job.due_at] as const);
    };
    expect(await due()).to.deep.equal([
      ['deliver:pacs:1', 5000],
      ['deliver:cloud:1', 5000],
    ]);
    await analyse('90 slices', worker, { sendTo: ['pacs'] });
    expect(await due()).to.deep.equal([
      ['deliver:pacs:1', 0],
      ['deliver:cloud:1', 0],
      ['deliver:pacs:2', 0],
    ]);
  });

  it('results of a bundle that was changed, or got further pipelines beside it, lie beside those made before: versions and UIDs are told apart by the same', async () => {
    const worker = reportingWorker();
    const bundles = ['b', 'c', 'd'].map((sha) => sha.repeat(64));
    for (const bundleSha256 of bundles) await analyse('90 slices', worker, { bundleSha256, kinds: ['sr'] });
    // an operator wants it again
    const request = { reprocessAt: 1 };
    const again = { bundleSha256: bundles[0]!, kinds: ['sr'] as const };
    await commit(await run('90 slices', worker, { request }, again));
    const rows = await database
      .selectFrom('analysis')
      .innerJoin('result', 'result.analysis_id', 'analysis.id')
      .select(['bundle_sha256', 'version', 'sop_instance_uid'])
      .orderBy('analysis.id')
      .execute();
    expect(rows.map(({ bundle_sha256, version }) => [bundle_sha256[0], version])).to.deep.equal([
      ['b', 1],
      ['c', 1],
      ['d', 1],
      ['b', 2],
    ]);
    expect(new Set(rows.map((row) => row.sop_instance_uid)).size).to.equal(4);
  });

  describe('of a series whose rule was renamed or taken out while it waited', () => {
    const tof = {
      name: 'TOF of the head',
      pipeline: 'tof-patch',
      sendTo: ['pacs'],
      when: { modality: 'MR' },
    };
    const knees = { ...tof, name: 'Knees', when: { modality: 'MR', bodyPartExamined: ['KNEE'] } };
    const destinations = new Map([['pacs', ['summary', 'sr'] as const]]);
    const queued = async (): Promise<readonly AnalyseRequest[]> => {
      const jobs = await database.selectFrom('job').select('payload').where('kind', '=', 'analyse').execute();
      return jobs.map(({ payload }) => JSON.parse(payload) as AnalyseRequest);
    };
    const under = async (
      rule: typeof tof,
      request: Partial<AnalyseRequest>,
      worker = recordingWorker(),
      more: { onJudged?: (judgement: Judgement) => void } = {},
    ): Promise<void> => {
      const routes = new Map([[rule.name, routeOf({ sendTo: rule.sendTo })]]);
      await commit(await run('90 slices', worker, { rules: [rule], routes, destinations, request, ...more }));
    };

    beforeEach(async () => {
      await database.deleteFrom('series').execute();
      await archive(database, { id: 1, studyDate: '20260501', state: 'queued' });
    });

    it('the rules in force judge it: another rule takes it, and what an operator had asked for stays asked for', async () => {
      await under(tof, { reprocessAt: 7 });
      expect(await queued()).to.have.length(1);
      expect((await queued())[0]).to.deep.include({ rule: tof.name, destinations: ['pacs'], reprocessAt: 7 });
      expect((await queued())[0]).to.deep.include({ seriesId: 1, reason: null });
    });

    it('none takes it: it is "not analysed" with its reason, in the destinations it had', async () => {
      await under(knees, { destinations: ['pacs', 'gone'] });
      const [told] = await queued();
      expect(told!.reason!.code).to.equal('NO_RULE_MATCHED');
      expect(told!.reason!.text).to.match(
        /^The rule "TOF" that took this series is no longer configured.*"Knees"/,
      );
      const worker = recordingWorker();
      await under(knees, told!, worker);
      expect(worker.tasks[0]).to.deep.include({ reason: told!.reason, kinds: ['summary', 'sr'] });
      const jobs = await database
        .selectFrom('job')
        .select('key')
        .where('kind', 'like', 'deliver:%')
        .execute();
      expect(jobs.map(({ key }) => key)).to.deep.equal(['deliver:pacs:1']);
      // the rule comes back: that no rule took the series is no result of this input
      await database.updateTable('series').set({ state: 'queued', reason_code: null }).execute();
      const { inputSha256 } = told!;
      await under(knees, { inputSha256, rule: 'Knees' }, worker);
      expect(worker.tasks[1]).to.deep.include({ reason: null, version: 2 });
    });

    it('none takes it, and nobody can be told: it is recorded', async () => {
      const told: string[] = [];
      const onJudged = ({ reason }: Judgement): void => void told.push(reason?.code ?? 'taken');
      await under(knees, {}, recordingWorker(), { onJudged });
      expect(told).to.deep.equal(['NO_RULE_MATCHED']);
      expect(await queued()).to.deep.equal([]);
      const row = await database.selectFrom('series').selectAll().executeTakeFirstOrThrow();
      expect(row).to.include({ state: 'not-analysed', reason_code: 'NO_RULE_MATCHED' });
    });

    it('a late image has reopened it: it is judged when it is quiet again, not before', async () => {
      await database.updateTable('series').set({ state: 'receiving' }).execute();
      await under(tof, {});
      expect(await queued()).to.deep.equal([]);
      const { state } = await database.selectFrom('series').select('state').executeTakeFirstOrThrow();
      expect(state).to.equal('receiving');
    });
  });

  it('where no result was made, since the images are of several patients, no destination gets a delivery or a notice', async () => {
    await analyse('images of two patients', recordingWorker(), { kinds: [], sendTo: ['pacs'] });
    expect(await database.selectFrom('job').select('key').execute()).to.deep.equal([]);
    expect(await database.selectFrom('analysis').select('state').execute()).to.have.length(1);
  });

  it('waits for an inference server that is away: the job comes back, no attempt is burnt, and it is said', async () => {
    const told: unknown[] = [];
    const away = new WillisError('REMOTE_UNREACHABLE', 'no answer', { retry: 'later' });
    const outcome = await run('input', failingWith(away), { onWaiting: (waiting) => told.push(waiting) });
    expect(outcome.kind).to.equal('again');
    expect(told).to.deep.equal([{ seriesId: 1, error: away }]);
    const fault = new WillisError('REMOTE_MESSAGE_TOO_LARGE', 'waiting does not help');
    const refused = await run('input', failingWith(fault), {}).catch((error: unknown) => error);
    expect(refused).to.equal(fault);
  });

  describe('with earlier studies on their way', () => {
    const rule = { name: 'TOF', pipeline: 'tof-patch', sendTo: [], when: { modality: 'MR' } };
    const fetching = { seriesId: 1 };

    beforeEach(async () => {
      await database.deleteFrom('series').execute();
      await archive(database, { id: 1, studyDate: '20260501', state: 'queued' });
      await database.transaction().execute(async (transaction) => {
        const job = { kind: 'priors', queue: 'priors', key: 'priors:1', payload: fetching, dueAt: 0 };
        await enqueue(transaction, job, 0);
      });
    });

    async function at(
      now: number,
      worker: Pick<AnalysisWorker, 'run'>,
      more: Partial<AnalyseRequest> = {},
    ): Promise<JobOutcome> {
      const options = { rules: [rule], comparison: { enabled: true, waitSeconds: 60 }, now: () => now };
      return await run('90 slices', worker, { ...options, request: more });
    }

    async function setFetching(state: 'done' | 'failed'): Promise<void> {
      const done = { state: 'done', finished_at: 1 } as const;
      await database
        .updateTable('job')
        .set(state === 'done' ? done : { attempt: 1 })
        .where('key', '=', 'priors:1')
        .execute();
    }

    it('it waits for them, but no longer than it may, and then says that they are late', async () => {
      const worker = recordingWorker();
      expect(await at(59_900, worker)).to.deep.equal({ kind: 'again', dueAt: 60_000 });
      expect(worker.tasks).to.deep.equal([]);
      await commit(await at(60_000, worker));
      expect(worker.tasks[0]!.earlier).to.deep.equal({ kind: 'awaited' });
    });

    it('it does not wait for a source that has failed once', async () => {
      await setFetching('failed');
      expect((await at(1, recordingWorker())).kind).to.equal('done');
    });

    it('once they have come, it compares; its own findings, where late, are made up for by a new version without haste', async () => {
      const worker = recordingWorker({
        state: 'not-compared',
        prior: null,
        reason: { code: 'PRIOR_LATE', text: '' },
      });
      await commit(await at(60_000, worker));
      const again = async (): Promise<readonly unknown[]> =>
        (await database.selectFrom('job').select('payload').where('kind', '=', 'analyse').execute()).map(
          ({ payload }) => JSON.parse(payload) as unknown,
        );
      expect(await again(), 'still being fetched').to.deep.equal([]);
      await setFetching('done');
      const settled = async (): Promise<void> =>
        await database.transaction().execute(
          async (transaction) =>
            await makeUpForLateComparison(transaction, 1, {
              ...{ rules: [rule], routes: new Map([['TOF', routeOf({})]]), now: 70_000 },
            }),
        );
      await settled();
      expect(await again(), 'there is none').to.deep.equal([]);
      await archive(database, { id: 2, studyDate: '20250501' });
      await settled();
      expect(await again()).to.have.length(1);
      expect((await again())[0]).to.include({ seriesId: 1, reprocessAt: 70_000, unhurried: true });
      await at(70_000, worker, { reprocessAt: 70_000, unhurried: true });
      expect(worker.tasks[1]!.earlier).to.include({ kind: 'series', known: null, mostReadingMs: null });
    });
  });

  async function analyse(
    input: string,
    worker: Pick<AnalysisWorker, 'run'>,
    more: Partial<Route>,
  ): Promise<void> {
    await commit(await run(input, worker, {}, more));
  }

  async function commit(outcome: JobOutcome): Promise<void> {
    if (outcome.kind !== 'done') throw new Error('the analysis did not end');
    await database.transaction().execute(async (transaction) => await outcome.commit(transaction));
    outcome.told?.();
  }

  async function run(
    input: string,
    worker: Pick<AnalysisWorker, 'run'>,
    {
      request,
      ...options
    }: Partial<Parameters<typeof analyseHandler>[1]> & { request?: Partial<AnalyseRequest> },
    more: Partial<Route> = {},
  ): Promise<JobOutcome> {
    const handler = analyseHandler(database, {
      rules: [],
      destinations: new Map(),
      comparison: { enabled: true, waitSeconds: 0 },
      language: 'en',
      files: openFiles(folder, () => new Date(0)),
      worker,
      routes: new Map([['TOF', routeOf(more)]]),
      softwareVersion: '0.1.0',
      now: () => 0,
      onJudged: () => undefined,
      onAnalysed: () => undefined,
      onWaiting: () => undefined,
      ...options,
    });
    const payload: AnalyseRequest = {
      seriesId: 1,
      rule: 'TOF',
      instanceIds: [],
      inputSha256: input,
      completeness: input,
      reason: null,
      ...request,
    };
    return await handler.run({ payload } as unknown as Job, new AbortController().signal);
  }
});

function routeOf(more: Partial<Route>): Route {
  return { pipeline: 'tof-patch', bundleFolder: '', bundleSha256: 'b'.repeat(64), sendTo: [], ...more };
}

function failingWith(error: Error): Pick<AnalysisWorker, 'run'> {
  return { run: async () => await Promise.reject(error) };
}

/** Answers each task with one result a kind, and keeps the tasks. */
function recordingWorker(
  comparison?: Comparison,
): Pick<AnalysisWorker, 'run'> & { readonly tasks: SeriesTask[] } {
  const tasks: SeriesTask[] = [];
  return {
    tasks,
    run: async (task) => {
      tasks.push(task);
      return await Promise.resolve(outcomeOf(task, comparison));
    },
  };
}

/** Makes the report of a series that was not analysed, as the compute worker does, always with one id and version of a bundle. */
function reportingWorker(): Pick<AnalysisWorker, 'run'> {
  const made = madeSource();
  return {
    run: async (task) => {
      const { inputSha256, version, bundleSha256 = '' } = task;
      const input = madeInput(made, { state: 'not-analysed' }, { inputSha256, version, bundleSha256 });
      const results = [];
      for await (const result of buildResults(input, task.kinds))
        results.push({ ...result, ordinal: 1, file: `${result.kind}-0001.dcm` });
      return { provider: 'none', findings: input.findings, results };
    },
  };
}

function outcomeOf(task: SeriesTask, comparison?: Comparison): SeriesOutcome {
  return {
    provider: 'none',
    findings: {
      seriesInstanceUid: '2.25.1',
      pipeline: task.pipeline,
      bundle: { id: 'x', version: '1.0.0', sha256: 'b'.repeat(64) },
      ...(task.reason === null
        ? { state: 'no-findings' as const, probability: 0 }
        : { state: 'not-analysed' as const, reason: task.reason }),
      findings: [],
      timingsMs: { load: 0, preprocess: 0, inference: 0, results: 0 },
      ...(comparison === undefined ? {} : { comparison }),
    },
    results: task.kinds.map((kind) => ({
      kind,
      ordinal: 1,
      sopClassUid: `class of ${kind}`,
      sopInstanceUid: [task.inputSha256, kind, ...(task.version > 1 ? [task.version] : [])].join(' '),
      seriesInstanceUid: `series of ${kind}`,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      file: `${kind}-0001.dcm`,
    })),
  };
}
