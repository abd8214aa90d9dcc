export {
  lockDataFolder,
  openDatabase,
  type Database,
  type Durability,
  type Transaction,
} from './database.ts';
export type {
  AnalysisRow,
  InstanceRow,
  JobRow,
  NewAnalysis,
  NewResult,
  ResultRow,
  SeriesRow,
  SeriesState,
  StudyRow,
} from './schema.ts';
export { openFiles, publishFolder, removeOrphans, sameDataset, type ArchiveFiles } from './files.ts';
