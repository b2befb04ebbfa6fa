import { DATABASE_UNAVAILABLE } from '#database/problem.ts';

/**
 * Keeps out of the log what it has already: Next.js prints each failed render, and while the database is away
 * that would be a stack for every request beside the one line that says so.
 */
export function quietReportedProblems(): void {
  const print = console.error.bind(console);
  console.error = (...values: unknown[]) => {
    if (!values.some(isReported)) print(...values);
  };
}

function isReported(value: unknown): boolean {
  return value instanceof Error && 'digest' in value && value.digest === DATABASE_UNAVAILABLE;
}
