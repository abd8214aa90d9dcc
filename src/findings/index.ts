export type {
  AneurysmFinding,
  BundleIdentity,
  Comparison,
  DemotedCandidate,
  Finding,
  FindingKind,
  Growth,
  HaemorrhageFinding,
  HaemorrhageSubtype,
  HeadMaskNote,
  KeyFrame,
  Laterality,
  Opinion,
  OtherPipeline,
  PointLpsMm,
  Prior,
  Reason,
  ScanScores,
  SeriesFindings,
  Site,
  SliceProbability,
  Timings,
  Unmatched,
  VanishedAneurysm,
} from './types.ts';
export { consolidate } from './consolidate.ts';
export { compareWithPrior } from './growth.ts';
export { keyFrame } from './key-frame.ts';
export { aneurysmsOf, soughtBy, soughtKind } from './kind.ts';
export { leftOfMidlineMm, midsagittal, type Midsagittal } from './midsagittal.ts';
export { describeSite, nameSite, siteInWords } from './site.ts';
export { siteClasses } from './site-classes.ts';
