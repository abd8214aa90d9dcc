export { mapFileName } from './map-file.ts';
export { analyseHandler, type Route } from './handler.ts';
export { openAnalysisWorker, type AnalysisWorker } from './pool.ts';
export type { Evidence, SeriesOutcome, SeriesTask } from './task.ts';
