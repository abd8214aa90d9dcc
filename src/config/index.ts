export { resultKinds, tellingKinds } from './destinations.ts';
export { doubtsOf } from './doubts.ts';
export { configJsonSchema, loadConfig, parseConfig } from './load.ts';
export type { Config } from './schema.ts';
export { openConfigStore, type ConfigDocument, type ConfigStore, type ConfigVersion } from './store.ts';
