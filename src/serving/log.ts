import { DATABASE_UNAVAILABLE } from '#database/problem.ts';
import { logConsole } from './console.ts';
import { createLogger } from './logger.ts';

/**
 * Sends the server's console to one masked log, without known errors: Next.js prints every failed render, which during
 * an outage of the database would add a stack trace per request to the one line about the outage.
 */
export function installServerLog(): void {
  logConsole(createLogger(), (value) => isReported(value) || isAbort(value) || isStartup(value));
}

function isReported(value: unknown): boolean {
  return value instanceof Error && 'digest' in value && value.digest === DATABASE_UNAVAILABLE;
}

/** What Next.js prints when it is loaded, in each thread; it is loaded late, and that says nothing about this server. */
function isStartup(value: unknown): boolean {
  return typeof value === 'string' && /Running next\.config/.test(value);
}

/** A connection that was closed before its request was complete: Node.js's `connResetException`. */
function isAbort(value: unknown): boolean {
  return (
    value instanceof Error && value.message === 'aborted' && 'code' in value && value.code === 'ECONNRESET'
  );
}
