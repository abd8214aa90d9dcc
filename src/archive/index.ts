export {
  lockDataFolder,
  openDatabase,
  type Database,
  type Durability,
  type Transaction,
} from './database.ts';
export { backupIndex } from './backup.ts';
export { deleteStudy, expendableStudies, type DeletedStudy, type ExpendableStudy } from './retention.ts';
export { dailyScores, type DailyScore } from './daily-scores.ts';
export { inOneGo, type Statements } from './one-go.ts';
export type {
  AnalysisRow,
  CommitmentRow,
  InstanceRow,
  JobRow,
  NewAnalysis,
  NewResult,
  ResultRow,
  SeriesRow,
  SeriesState,
  StudyRow,
} from './schema.ts';
export {
  openFiles,
  publishFolder,
  sameDataset,
  settleOrphans,
  unindexedInstances,
  type ArchiveFiles,
  type Orphans,
} from './files.ts';
