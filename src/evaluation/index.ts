export type { Answer, EvaluatedCase, FoundAneurysm, SliceJudgement } from './cases.ts';
export { compare, parseEarlier, rankings, type EarlierEvaluation } from './comparison.ts';
export { evaluatePipeline, labelOf, type PipelineEvaluation } from './evaluate.ts';
export { activationOf, overlapWith, trueMask, type TrueMask } from './masks.ts';
export { parseRatings, type Rating } from './ratings.ts';
export { reportPage, type Report } from './report/index.ts';
export { haemorrhageClasses, type HaemorrhageClass } from './rsna.ts';
export { parseTruth, truthInvalid, type CaseTruth } from './truth.ts';
