import { openEventHub, type EventHub } from './event-hub.ts';
import type { Log } from './log.ts';
import { ringLog, type LogRing } from './log-ring.ts';
import { openMetrics, type Metrics } from './metrics.ts';
import { openThroughput, type Throughput } from './throughput.ts';

/** Those who are told what happens, and tell others: log, live events, numbers. */
export interface Observers {
  readonly log: LogRing;
  readonly hub: EventHub;
  readonly metrics: Metrics;
  readonly throughput: Throughput;
}

const keptLogEntries = 5000;
const throughputMinutes = 120;

export function openObservers(consoleLog: Log, now: () => number): Observers {
  const hub = openEventHub();
  const onEntry = (): void => hub.publish({ kind: 'log' });
  return {
    log: ringLog(consoleLog, { capacity: keptLogEntries, now, onEntry }),
    hub,
    metrics: openMetrics(),
    throughput: openThroughput(throughputMinutes),
  };
}
