export type { EventHub } from './event-hub.ts';
export { hashUid, openLog, type Log, type LogFields } from './log.ts';
export type { LogRing } from './log-ring.ts';
export type { Metrics } from './metrics.ts';
export { openObservers } from './observers.ts';
export type { Throughput } from './throughput.ts';
