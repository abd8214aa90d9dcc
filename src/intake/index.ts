export {
  analyseJob,
  assembleHandler,
  judgeAnew,
  reprocessSeries,
  type AnalyseRequest,
  type AssembleOptions,
  type Judgement,
} from './assemble.ts';
export { inputIdentity } from './identity.ts';
export { Ingest } from './ingest.ts';
export { copiesOf, differingAttributes, rejectCopies, releaseCopies } from './quarantine.ts';
export { rememberStudy } from './study.ts';
export { isWholeInstance, seriesNamedIn, type IncomingInstance } from './incoming-header.ts';
export { noRuleMatched, type RulesInForce } from './ruling.ts';
export { explain, nearestMiss, type Explanation, type Rule } from './rules.ts';
export { readTraits, type SeriesTraits } from './traits.ts';
export {
  associationEnded,
  cutOffAll,
  isAboutTransfer,
  reopenIfCompleted,
  type AssociationEnd,
} from './transfer.ts';
