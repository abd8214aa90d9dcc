export type { Call, NodeAccess, NodeFacts, SettingsPort, WebOptions } from './options.ts';
export { startWeb, type WebServer } from './server.ts';
