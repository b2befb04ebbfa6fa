import { format } from 'node:util';
import type { Logger } from 'pino';
import { redact } from './redact.ts';

/** The level of the log that each method of the console becomes. */
const LEVELS = {
  debug: 'debug',
  log: 'info',
  dir: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
} as const;

/**
 * Has the console of this process write through the logger. So the application, Next.js and every package share one
 * log, and none of them needs to know the logger. No value makes the console throw.
 *
 * @param isLeftOut whether a value is an error that the log needs no line for
 */
export function logConsole(logger: Logger, isLeftOut: (value: unknown) => boolean): void {
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, 'info'][]) {
    console[method] = (...values: unknown[]) => {
      const printed = method === 'dir' ? values.slice(0, 1) : values;
      try {
        if (!printed.some(isLeftOut)) logger[level](...asLogged(printed));
      } catch {
        logger[level](printed.map(textOf).join(' '));
      }
    };
  }
}

/** An error keeps its fields, which matter to a collector. Everything else becomes text. */
function asLogged(values: unknown[]): [object, string] {
  const [first] = values;
  if (values.length === 1 && first instanceof Error) return [{ err: first }, ''];
  return [{}, format(...values.map(redact))];
}

/** For a value that can't be printed with the others, such as one whose accessor throws. */
function textOf(value: unknown): string {
  try {
    return format(redact(value));
  } catch {
    return `[${typeof value} that can't be printed]`;
  }
}
