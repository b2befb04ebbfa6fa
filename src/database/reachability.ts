import { perProcess, type Reachability } from './one-per-process.ts';

/** What the last use of the database showed. */
export function reachability(): Reachability {
  return perProcess.sealedReachability ?? 'unknown';
}

/**
 * Has the log told when the database is lost and when it is back: one line for as long as it lasts, not one for each
 * request. A command that fails on its first query says so itself, and needs none of this.
 */
export function logReachability(log: (line: string) => void): void {
  perProcess.sealedReachabilityLog = log;
}

/** Notes a query that was answered. */
export function reportReachable(): void {
  if (reachability() === 'unreachable') perProcess.sealedReachabilityLog?.('database: reachable again');
  perProcess.sealedReachability = 'reachable';
}

/** Notes a failure to use the database. */
export function reportUnreachable(problem: Error): void {
  if (reachability() !== 'unreachable') perProcess.sealedReachabilityLog?.(`database: ${problem.message}`);
  perProcess.sealedReachability = 'unreachable';
}
