export {
  bundleFor,
  bundleName,
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
export { isRemoteFault, openEngines, type EnginesOptions, type RemoteState } from './engines.ts';
export { writeModelRepository } from './remote/repository.ts';
export { readGolden } from './golden.ts';
export { parametersOf, withParameters } from './parameters.ts';
export type { BundleManifest, ManifestOf, PipelineId } from './manifest.ts';
export { haemorrhageClasses } from './manifests/ncct-haemorrhage.ts';
export { findingThreshold } from './operating-point.ts';
