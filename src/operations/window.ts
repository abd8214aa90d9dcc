import cron from 'node-cron';
import { WillisError, describeError } from '../errors.ts';

/** Minutes at which something may happen. */
export interface Window {
  /** The first such minute from `now` on (ms since 1970 UTC); `now` itself inside one. */
  opensAt(now: number): number;
}

/** Each date that crontab's fields can name comes within so many years, 29 February on a Sunday too. */
const farthestYears = 41;

/** Reads five crontab fields, local time; all must hold. Throws CONFIG_INVALID for `name` where there is no such minute. */
export function openWindow(expression: string, name: string): Window {
  const fields = fieldsOf(expression, name);
  if (search(fields, new Date(2000, 0, 1)) === null)
    throw invalid(expression, name, new Error('no day is like that'));
  return { opensAt: (now) => search(fields, new Date(now))?.getTime() ?? now };
}

type Fields = ReturnType<typeof cron.parse>;

/** Goes on to the next day, hour or minute, whichever of its fields does not hold yet. */
function search(fields: Fields, from: Date): Date | null {
  const last = from.getFullYear() + farthestYears;
  let at = from;
  while (at.getFullYear() < last) {
    const [year, month, day, hour] = [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours()];
    if (!isDay(fields, at)) at = new Date(year, month, day + 1);
    else if (!fields.hour.includes(hour)) at = new Date(year, month, day, hour + 1);
    else if (!fields.minute.includes(at.getMinutes()))
      at = new Date(at.getTime() - (at.getTime() % 60_000) + 60_000);
    else return at;
  }
  return null;
}

function isDay({ month, dayOfMonth, dayOfWeek }: Fields, at: Date): boolean {
  return (
    month.includes(at.getMonth() + 1) && dayOfMonth.includes(at.getDate()) && dayOfWeek.includes(at.getDay())
  );
}

function fieldsOf(expression: string, name: string): Fields {
  try {
    return cron.parse(expression);
  } catch (cause) {
    throw invalid(expression, name, cause);
  }
}

function invalid(expression: string, name: string, cause: unknown): WillisError {
  return new WillisError(
    'CONFIG_INVALID',
    `"${expression}" of ${name} is no window: ${describeError(cause)}. Five fields as in crontab name its minutes, "* 20-23,0-5 * * *" is from 20:00 to 5:59.`,
    { cause },
  );
}
