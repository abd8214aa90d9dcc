export type { Call, NodeAccess, NodeFacts, OperationsPort, SettingsPort, WebOptions } from './options.ts';
export { startWeb, type WebServer } from './server.ts';
