import { parentPort, workerData } from 'node:worker_threads';
import { WillisError, describeError } from '../errors.ts';
import { loadBundle, openEngines, type EnginesOptions } from '../inference/index.ts';
import { goldenDifference } from '../pipelines/index.ts';
import { analyseSeries } from './analyse-series.ts';
import type { WorkerAnswer, WorkerQuestion } from './pool.ts';

/** The compute thread: owns the inference sessions, which stay warm from one series to the next. */
const engines = openEngines(workerData as EnginesOptions, goldenDifference);

parentPort?.on('message', (question: WorkerQuestion) => {
  void answer(question).then((given) => parentPort?.postMessage(given));
});

async function answer(question: WorkerQuestion): Promise<WorkerAnswer> {
  try {
    if (question.kind === 'look') {
      const states = [];
      for (const folder of question.bundleFolders) states.push(await engines.look(folder));
      return { kind: 'states', states: states.filter((state) => state !== null) };
    }
    if (question.kind === 'golden') {
      const bundle = await loadBundle(question.bundleFolder);
      return { kind: 'difference', difference: await goldenDifference(bundle, engines.forSeries()) };
    }
    return { kind: 'outcome', outcome: await analyseSeries(question.task, engines.forSeries()) };
  } catch (error) {
    if (error instanceof WillisError) {
      return { kind: 'error', code: error.code, message: error.message, retry: error.retry };
    }
    return { kind: 'error', code: 'ANALYSIS_FAILED', message: describeError(error), retry: 'later' };
  }
}
