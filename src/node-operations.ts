import type { Database } from './archive/index.ts';
import { certificates, nodeTasks, type TaskParts } from './node-tasks.ts';
import { startSchedules, type Alerts, type EventHub, type Log, type TaskRun } from './operations/index.ts';
import type { OperationsPort } from './web/index.ts';

interface OperationParts extends TaskParts {
  readonly log: Log;
  readonly hub: EventHub;
  readonly alerts: Alerts;
}

const keptRuns = 200;
const shownRuns = 10;

/** Starts what the node does by itself; each run is kept, logged, and where it failed, told. */
export function startNodeOperations(parts: OperationParts): OperationsPort & AsyncDisposable {
  const { database, live, alerts, now } = parts;
  const schedules = startSchedules(nodeTasks(parts), { now, onRun: async (run) => await keep(parts, run) });
  return {
    tasks: async () =>
      await Promise.all(
        schedules.tasks.map(async (task) => ({ ...task, runs: await runsOf(database, task.name) })),
      ),
    runNow: async (name) => await schedules.runNow(name),
    certificates: async () => await certificates(live.config),
    testAlert: async () => {
      alerts.raise('test', 'This is a test: alerts of this node reach you.');
      await alerts.settled();
    },
    [Symbol.asyncDispose]: async () => {
      await schedules[Symbol.asyncDispose]();
      await alerts.settled();
    },
  };
}

async function keep({ database, log, hub, alerts }: OperationParts, run: TaskRun): Promise<void> {
  const { task, startedAt, finishedAt, outcome, detail } = run;
  await database.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('operation_run')
      .values({ task, started_at: startedAt, finished_at: finishedAt, outcome, detail })
      .execute();
    const old = await transaction
      .selectFrom('operation_run')
      .select('id')
      .where('task', '=', task)
      .orderBy('id', 'desc')
      .offset(keptRuns)
      .limit(1)
      .executeTakeFirst();
    if (old !== undefined)
      await transaction
        .deleteFrom('operation_run')
        .where('task', '=', task)
        .where('id', '<=', old.id)
        .execute();
  });
  hub.publish({ kind: 'operation' });
  if (outcome === 'success') {
    log.info(`${task} done`, { what: detail });
    return;
  }
  log.error(`${task} failed`, { why: detail });
  alerts.raise(`${task} failed`, detail);
}

async function runsOf(database: Database, task: string): Promise<readonly TaskRun[]> {
  const rows = await database
    .selectFrom('operation_run')
    .selectAll()
    .where('task', '=', task)
    .orderBy('id', 'desc')
    .limit(shownRuns)
    .execute();
  return rows.map((row) => ({
    task: row.task,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: row.outcome,
    detail: row.detail,
  }));
}
