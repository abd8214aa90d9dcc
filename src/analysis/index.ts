export { mapFileName } from './map-file.ts';
export { analyseHandler } from './handler.ts';
export type { Route } from './route.ts';
export { makeUpForLateComparison } from './late-comparison.ts';
export { openAnalysisWorker, type AnalysisWorker } from './pool.ts';
export type { Evidence, SeriesOutcome, SeriesTask } from './task.ts';
export { slicesFileName, type SlicesFile } from './slices-file.ts';
export { checkBundle } from './bundle-check.ts';
export { differences, runSelfTest, type Phantom } from './self-test.ts';
