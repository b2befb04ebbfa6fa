/** What the last use of the database showed; `unknown` before the first. */
export type Reachability = 'unknown' | 'reachable' | 'unreachable';

/** What of the database a process has once, however many copies of a module a bundler makes. */
type PerProcess = {
  sealedDatabase?: {
    $disconnect(): Promise<void>;
    post: { findFirst(query: { select: { id: true } }): Promise<unknown> };
  };
  sealedReachability?: Reachability;
  /** When a query was last answered, in milliseconds of `performance.now()`. */
  sealedAnsweredAt?: number;
  sealedReachabilityLog?: (line: string) => void;
};

export const perProcess = globalThis as typeof globalThis & PerProcess;

/** Closes the process's database connections; the next use makes new ones. Does nothing where there are none. */
export async function disconnect(): Promise<void> {
  const client = perProcess.sealedDatabase;
  perProcess.sealedDatabase = undefined;
  await client?.$disconnect();
}
