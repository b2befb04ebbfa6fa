import { perProcess } from './one-per-process.ts';

/** What the last use of the database showed; `unknown` before the first. */
export type Reachability = 'unknown' | 'reachable' | 'unreachable';

/** What the last use of the database showed. */
export function reachability(): Reachability {
  return perProcess.sealedReachability ?? 'unknown';
}

/** Notes a query that was answered; the log gets a line only where the one before it was not. */
export function reportReachable(): void {
  if (perProcess.sealedReachability === 'unreachable') console.info('database: reachable again');
  perProcess.sealedReachability = 'reachable';
}

/** Notes a failure to use the database; the log gets one line for as long as it lasts, not one for each request. */
export function reportUnreachable(problem: Error): void {
  if (perProcess.sealedReachability !== 'unreachable') {
    console.error(`database: ${problem.message}`);
  }
  perProcess.sealedReachability = 'unreachable';
}
