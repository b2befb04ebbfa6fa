import { DATABASE_UNAVAILABLE } from '#database/problem.ts';
import { logConsole } from '#logging/console.ts';
import { createLogger } from '#logging/logger.ts';

/**
 * Has the serving process write one log, masked, and keeps out of it what it has already: Next.js prints each failed
 * render, and while the database is away that would be a stack for every request beside the one line that says so.
 */
export function quietReportedProblems(): void {
  logConsole(createLogger(), isReported);
}

function isReported(value: unknown): boolean {
  return value instanceof Error && 'digest' in value && value.digest === DATABASE_UNAVAILABLE;
}
