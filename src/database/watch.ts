import { liveDatabaseAddress, SecretError } from '#secrets/index.ts';
import { openClient } from './open-client.ts';
import { hasPosts } from './preflight.ts';
import { reportReachable, reportUnreachable } from './reachability.ts';

/** Milliseconds between checks of the database. */
const INTERVAL = 15_000;

/**
 * Checks the database regularly, so that the log and `/health` show an outage even without a failed request:
 * prerendered pages do not query the database. If DATABASE_URL is invalid, it logs that once and stops.
 *
 * @returns a function that stops the checks
 */
export function watchDatabase(): () => void {
  const check = async () => {
    const since = performance.now();
    try {
      await askAsPagesDo();
      reportReachable();
    } catch (error) {
      if (error instanceof SecretError) clearInterval(timer);
      reportUnreachable(error instanceof Error ? error : new Error('The database did not answer.'), since);
    }
  };
  const timer = setInterval(check, INTERVAL);
  timer.unref();
  void check();
  return () => clearInterval(timer);
}

/** Uses the pool of the pages, since only that shows whether its connections work. Before the first query there is none. */
async function askAsPagesDo(): Promise<unknown> {
  const address = liveDatabaseAddress();
  return openClient.client?.post.findFirst({ select: { id: true } }) ?? hasPosts(address);
}
