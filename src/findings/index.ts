export type {
  AneurysmFinding,
  BundleIdentity,
  DemotedCandidate,
  Finding,
  FindingKind,
  Growth,
  HaemorrhageFinding,
  HaemorrhageSubtype,
  KeyFrame,
  Laterality,
  PointLpsMm,
  Prior,
  Reason,
  SeriesFindings,
  Site,
  SliceProbability,
  Timings,
} from './types.ts';
export { keyFrame } from './key-frame.ts';
export { aneurysmsOf, soughtKind } from './kind.ts';
export { describeSite, midsagittal } from './site.ts';
