import { processWide } from '#environment/process-wide.ts';

/** Whether the database answered when it was last used; `unknown` before the first use. */
export type Reachability = 'unknown' | 'reachable' | 'unreachable';

type State = {
  reachability: Reachability;
  /** When a query was last answered, in milliseconds of `performance.now()`. */
  answeredAt: number;
  onChange?: (problem: Error | undefined, since: number) => void;
};

const state = processWide('database.reachability', (): State => ({ reachability: 'unknown', answeredAt: 0 }));

/** Whether the database answered when it was last used. */
export function reachability(): Reachability {
  return state.reachability;
}

/**
 * Turns on log lines for when the database becomes unreachable and when it is back: one line per outage, not one per
 * request. Commands leave this off, since they report their failed query themselves.
 */
export function logReachability(log: (line: string) => void): void {
  onReachabilityChange((problem) =>
    log(problem ? `database: ${problem.message}` : 'database: reachable again'),
  );
}

/**
 * Calls `listener` with the problem when the database becomes unreachable, and without one when it is back; and with when
 * the operation that showed it began, in milliseconds of `performance.now()`.
 */
export function onReachabilityChange(listener: (problem: Error | undefined, since: number) => void): void {
  state.onChange = listener;
}

/** Records that a query was answered. */
export function reportReachable(): void {
  if (reachability() === 'unreachable') state.onChange?.(undefined, performance.now());
  state.reachability = 'reachable';
  state.answeredAt = performance.now();
}

/**
 * Records that the database could not be used. Ignored if the database has answered another query since: after a
 * fail-over, queries on old connections fail while new connections work.
 *
 * @param since when the failed operation began, in milliseconds of `performance.now()`
 */
export function reportUnreachable(problem: Error, since = performance.now()): void {
  if (state.answeredAt > since) return;
  if (reachability() !== 'unreachable') state.onChange?.(problem, since);
  state.reachability = 'unreachable';
}
