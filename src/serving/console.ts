import { format } from 'node:util';
import type { Logger } from 'pino';
import { redact } from './redact.ts';

/** The log level of each console method. */
const LEVELS = {
  debug: 'debug',
  log: 'info',
  dir: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
} as const;

/**
 * Makes the console of this process write to the logger, so that the application, Next.js and every package share one
 * log without knowing the logger. The console never throws, whatever value it is given.
 *
 * @param isLeftOut whether a value is an error that should not be logged
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

/** A single error keeps its fields, for log collectors. Everything else becomes text. */
function asLogged(values: unknown[]): [object, string] {
  const [first] = values;
  if (values.length === 1 && first instanceof Error) return [{ err: first }, ''];
  return [{}, format(...values.map(redact))];
}

/** Formats a value on its own, since it may fail to print, for example because an accessor throws. */
function textOf(value: unknown): string {
  try {
    return format(redact(value));
  } catch {
    return `[${typeof value} that can't be printed]`;
  }
}
