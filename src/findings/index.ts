export type {
  BundleIdentity,
  Finding,
  Laterality,
  PointLpsMm,
  Reason,
  SeriesFindings,
  Site,
  Timings,
} from './types.ts';
export { keyFrame } from './key-frame.ts';
export { describeSite, midsagittal } from './site.ts';
