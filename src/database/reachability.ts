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

/** Records that a query was answered. */
export function reportReachable(): void {
  if (reachability() === 'unreachable') perProcess.sealedReachabilityLog?.('database: reachable again');
  perProcess.sealedReachability = 'reachable';
  perProcess.sealedAnsweredAt = performance.now();
}

/**
 * Records a failure to use the database. It counts unless the database has answered something else in the meantime:
 * after a fail-over, queries on old connections fail while new connections work.
 *
 * @param since when what failed began, in milliseconds of `performance.now()`
 */
export function reportUnreachable(problem: Error, since = performance.now()): void {
  if ((perProcess.sealedAnsweredAt ?? 0) > since) return;
  if (reachability() !== 'unreachable') perProcess.sealedReachabilityLog?.(`database: ${problem.message}`);
  perProcess.sealedReachability = 'unreachable';
}
