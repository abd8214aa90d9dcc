export { listBundles, loadBundle, type Bundle, type ListedBundle } from './bundle.ts';
export { densePatchLogits, evaluateDense, evaluatePatchwise, type NetworkFields } from './dense.ts';
export { openEngine, type Engine } from './engine.ts';
export { parametersOf, withParameters } from './parameters.ts';
export type { BundleManifest } from './manifest.ts';
