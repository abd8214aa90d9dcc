export type { BundleIdentity, CodedConcept, Finding, Laterality, PointLpsMm, Reason, SeriesFindings, Site, Timings } from './types.ts';
