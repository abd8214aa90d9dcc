import type { Log, LogFields } from './log.ts';

export interface LogEntry {
  readonly id: number;
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that also keeps its newest entries, for the page. What the log may not hold, the ring does not hold either. */
export interface LogRing extends Log {
  /** Newest first; `before` is the id of the oldest entry already seen. */
  recent(count: number, before?: number): readonly LogEntry[];
}

/** Keeps `capacity` entries in memory and hands each on to `log`. */
export function ringLog(
  log: Log,
  options: { readonly capacity: number; readonly now: () => number; readonly onEntry: () => void },
): LogRing {
  const entries: LogEntry[] = [];
  let id = 0;
  const keep =
    (level: LogEntry['level']) =>
    (message: string, fields: LogFields = {}): void => {
      log[level](message, fields);
      id += 1;
      entries.push({ id, at: options.now(), level, message, fields });
      if (entries.length > options.capacity) entries.shift();
      options.onEntry();
    };
  return {
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    recent: (count, before = Infinity) =>
      entries
        .filter((entry) => entry.id < before)
        .slice(-count)
        .reverse(),
  };
}
