import { format } from 'node:util';
import type { Logger } from 'pino';

/** The level of the log that each method of the console becomes. */
const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const;

/**
 * Has the console of this process write through the logger. So the application, Next.js and every package share one
 * log, and none of them needs to know the logger.
 *
 * @param isKnown whether a value is an error that the log has already; it is not written again
 */
export function logConsole(logger: Logger, isKnown: (value: unknown) => boolean): void {
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, 'info'][]) {
    console[method] = (...values: unknown[]) => {
      if (!values.some(isKnown)) logger[level](...asLogged(values));
    };
  }
}

/** What fields an object has matters only to a collector: an error keeps its stack, and the rest is text. */
function asLogged(values: unknown[]): [object, string] {
  const [first] = values;
  if (values.length === 1 && first instanceof Error) return [{ err: first }, ''];
  return [{}, format(...values)];
}
