import { processWide } from '#environment/process-wide.ts';

/** What the last use of the database showed; `unknown` before the first. */
export type Reachability = 'unknown' | 'reachable' | 'unreachable';

type State = {
  reachability: Reachability;
  /** When a query was last answered, in milliseconds of `performance.now()`. */
  answeredAt: number;
  log?: (line: string) => void;
};

const state = processWide('database.reachability', (): State => ({ reachability: 'unknown', answeredAt: 0 }));

/** What the last use of the database showed. */
export function reachability(): Reachability {
  return state.reachability;
}

/**
 * Has the log told when the database is lost and when it is back: one line for as long as it lasts, not one for each
 * request. A command that fails on its first query says so itself, and needs none of this.
 */
export function logReachability(log: (line: string) => void): void {
  state.log = log;
}

/** Records that a query was answered. */
export function reportReachable(): void {
  if (reachability() === 'unreachable') state.log?.('database: reachable again');
  state.reachability = 'reachable';
  state.answeredAt = performance.now();
}

/**
 * Records a failure to use the database. It counts unless the database has answered something else in the meantime:
 * after a fail-over, queries on old connections fail while new connections work.
 *
 * @param since when what failed began, in milliseconds of `performance.now()`
 */
export function reportUnreachable(problem: Error, since = performance.now()): void {
  if (state.answeredAt > since) return;
  if (reachability() !== 'unreachable') state.log?.(`database: ${problem.message}`);
  state.reachability = 'unreachable';
}
