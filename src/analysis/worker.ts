import { parentPort, workerData } from 'node:worker_threads';
import { WillisError, describeError } from '../errors.ts';
import { openEngine } from '../inference/index.ts';
import { analyseSeries } from './analyse-series.ts';
import type { WorkerAnswer } from './pool.ts';
import type { EngineOptions, SeriesTask } from './task.ts';

/** The compute thread: owns the inference sessions, which stay warm from one series to the next. */
const engine = openEngine(workerData as EngineOptions);

parentPort?.on('message', (task: SeriesTask) => {
  void answer(task).then((given) => parentPort?.postMessage(given));
});

async function answer(task: SeriesTask): Promise<WorkerAnswer> {
  try {
    return { kind: 'outcome', outcome: await analyseSeries(task, engine) };
  } catch (error) {
    if (error instanceof WillisError) {
      return { kind: 'error', code: error.code, message: error.message, retry: error.retry };
    }
    return { kind: 'error', code: 'ANALYSIS_FAILED', message: describeError(error), retry: 'later' };
  }
}
