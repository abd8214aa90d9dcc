import cron from 'node-cron';
import { WillisError, describeError } from '../errors.ts';

/** Something the node does by itself. */
export interface Task {
  readonly name: string;
  /** Five cron fields, local time. */
  readonly schedule: string;
  /** Resolves to what was done, in words; rejects where it failed. */
  readonly run: () => Promise<string>;
}

export interface TaskRun {
  readonly task: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: 'success' | 'failure';
  readonly detail: string;
}

/** Tasks on their schedules; disposing stops the clock and waits for what runs. */
export interface Schedules extends AsyncDisposable {
  readonly tasks: readonly {
    readonly name: string;
    readonly schedule: string;
    readonly nextRunAt: number | null;
  }[];
  /** Runs a task now, unless it runs already: then it waits for that. Throws NOT_FOUND. */
  runNow(name: string): Promise<TaskRun>;
}

/** Starts the clock. Throws CONFIG_INVALID where a schedule is none. A task never runs twice at once. */
export function startSchedules(
  tasks: readonly Task[],
  options: { readonly now: () => number; readonly onRun: (run: TaskRun) => Promise<void> },
): Schedules {
  const running = new Map<string, Promise<TaskRun>>();
  const run = async (task: Task): Promise<TaskRun> => {
    const known = running.get(task.name);
    if (known !== undefined) return await known;
    const turn = runOnce(task, options).finally(() => running.delete(task.name));
    running.set(task.name, turn);
    return await turn;
  };
  const clocks = tasks.map((task) => {
    if (!cron.validate(task.schedule))
      throw new WillisError(
        'CONFIG_INVALID',
        `"${task.schedule}" of operations.${task.name} is no schedule: five fields as in crontab, "15 3 * * *" is 03:15 each night.`,
      );
    // a start that was missed while the processor was busy comes with the next one
    const clock = cron.schedule(task.schedule, async () => await run(task), { suppressMissedWarning: true });
    return { task, clock };
  });
  return {
    get tasks() {
      return clocks.map(({ task, clock }) => ({
        name: task.name,
        schedule: task.schedule,
        nextRunAt: clock.getNextRun()?.getTime() ?? null,
      }));
    },
    runNow: async (name) => {
      const task = tasks.find((one) => one.name === name);
      if (task === undefined) throw new WillisError('NOT_FOUND', `There is no such task: ${name}.`);
      return await run(task);
    },
    [Symbol.asyncDispose]: async () => {
      for (const { clock } of clocks) await clock.destroy();
      await Promise.allSettled(running.values());
    },
  };
}

async function runOnce(
  task: Task,
  options: { readonly now: () => number; readonly onRun: (run: TaskRun) => Promise<void> },
): Promise<TaskRun> {
  const startedAt = options.now();
  const ended = await task.run().then(
    (detail) => ({ outcome: 'success' as const, detail }),
    (error: unknown) => ({ outcome: 'failure' as const, detail: describeError(error) }),
  );
  const run = { task: task.name, startedAt, finishedAt: options.now(), ...ended };
  await options.onRun(run);
  return run;
}
