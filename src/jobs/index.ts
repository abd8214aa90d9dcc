export { enqueue, enqueueInOneGo, hasten, retryDead, type Job, type NewJob } from './queue.ts';
export { putAway, unservedJobs } from './unserved.ts';
export {
  startRunner,
  type JobHandler,
  type JobOutcome,
  type Runner,
  type RunnerEvents,
  type RunnerOptions,
} from './runner.ts';
