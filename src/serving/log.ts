import { DATABASE_UNAVAILABLE } from '#database/problem.ts';
import { logConsole } from './console.ts';
import { createLogger } from './logger.ts';

/**
 * Has the serving process write one log, masked, without what is no news: Next.js prints each failed render, and while
 * the database is away that would be a stack for every request beside the one line that says so.
 */
export function installServerLog(): void {
  logConsole(createLogger(), (value) => isReported(value) || isAbort(value));
}

function isReported(value: unknown): boolean {
  return value instanceof Error && 'digest' in value && value.digest === DATABASE_UNAVAILABLE;
}

/** A client that went away, or was sent away, before its request was complete: Node.js's `connResetException`. */
function isAbort(value: unknown): boolean {
  return (
    value instanceof Error && value.message === 'aborted' && 'code' in value && value.code === 'ECONNRESET'
  );
}
