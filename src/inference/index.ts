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
export { openEngine, type Engine, type NetworkInput } from './engine.ts';
export {
  isRemoteFault,
  openEngines,
  type Engines,
  type EnginesOptions,
  type RemoteState,
} from './engines.ts';
export { writeModelRepository } from './remote/repository.ts';
export { readGolden } from './golden.ts';
export { parametersOf, withParameters } from './parameters.ts';
export type { BundleManifest, ManifestOf, PipelineId } from './manifest.ts';
export { haemorrhageClasses } from './manifests/ncct-haemorrhage.ts';
export { networkInputOf } from './network-input.ts';
export { findingThreshold } from './operating-point.ts';
export { leastChangeMm } from './measurement-error.ts';
export { loadHelperModels, type HeadModel, type HelperModels, type SiteModel } from './helper-models.ts';
