import { createHash } from 'node:crypto';
import winston from 'winston';

/** The log of the node. Fields carry internal ids and hashed UIDs, never values of patient attributes (invariant 6). */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** A JSON line each event for collectors; on a terminal, a readable line. Writes to stderr, so that stdout is for results. */
export function openLog(options: {
  readonly terminal: boolean;
  readonly level: 'info' | 'warn' | 'error';
}): Log {
  const { combine, timestamp, json, printf, colorize } = winston.format;
  const readable = combine(timestamp({ format: 'HH:mm:ss' }), colorize(), printf(readableLine));
  return winston.createLogger({
    level: options.level,
    format: options.terminal ? readable : combine(timestamp(), json()),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's declarations name two TransportStream classes
    transports: [new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info'] })],
  });
}

/** Ten hexadecimal digits that stand for a UID in the log: the same for the same UID, and no way back to the patient. */
export function hashUid(uid: string): string {
  return createHash('sha256').update(uid).digest('hex').slice(0, 10);
}

function readableLine(entry: winston.Logform.TransformableInfo): string {
  const { level, message, timestamp, ...fields } = entry;
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`);
  return [String(timestamp), level, String(message), ...rest].join(' ');
}
