export { openEventHub, type EventHub, type NodeEvent } from './event-hub.ts';
export { hashUid, openLog, type Log, type LogFields } from './log.ts';
export { ringLog, type LogEntry, type LogRing } from './log-ring.ts';
export { openMetrics, type Metrics } from './metrics.ts';
export { openThroughput, type Throughput } from './throughput.ts';
