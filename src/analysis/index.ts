export { mapFileName } from './map-file.ts';
export { analyseHandler, type Route } from './handler.ts';
export { makeUpForLateComparison } from './late-comparison.ts';
export { isMixed } from './mixed-series.ts';
export { openAnalysisWorker, type AnalysisWorker } from './pool.ts';
export type { Evidence, SeriesOutcome, SeriesTask } from './task.ts';
export { slicesFileName, type SlicesFile } from './slices-file.ts';
export { checkBundle } from './bundle-check.ts';
export { differences, runSelfTest, type Phantom } from './self-test.ts';
