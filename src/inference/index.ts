export {
  bundleFor,
  listBundles,
  loadBundle,
  type Bundle,
  type BundleOf,
  type ListedBundle,
} from './bundle.ts';
export {
  densePatchLogits,
  evaluateDense,
  evaluatePatchwise,
  requireNumbers,
  type NetworkFields,
} from './dense.ts';
export { openEngine, type Engine } from './engine.ts';
export { parametersOf, withParameters } from './parameters.ts';
export type { BundleManifest, ManifestOf, PipelineId } from './manifest.ts';
export { haemorrhageClasses } from './manifests/ncct-haemorrhage.ts';
export { networkInputOf } from './network-input.ts';
export { findingThreshold } from './operating-point.ts';
