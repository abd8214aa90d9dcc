export { enqueue, enqueueInOneGo, hasten, putAwayDead, retryDead, type Job, type NewJob } from './queue.ts';
export {
  startRunner,
  type JobHandler,
  type JobOutcome,
  type Runner,
  type RunnerEvents,
  type RunnerOptions,
} from './runner.ts';
