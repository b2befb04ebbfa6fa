import { liveDatabaseAddress, SecretError } from '#secrets/index.ts';
import { openClient } from './open-client.ts';
import { hasPosts } from './preflight.ts';
import { reportReachable, reportUnreachable } from './reachability.ts';

/** Milliseconds between two checks of the database. */
const INTERVAL = 15_000;

/**
 * Checks the database regularly, so that the log and `/health` show an outage that no reader meets: prerendered pages
 * ask nothing of it. Without a valid DATABASE_URL it says so once and stops.
 *
 * @returns a function that ends the checks
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

/** Through the pool that pages use, as only this shows whether its connections work; before the first page, without. */
async function askAsPagesDo(): Promise<unknown> {
  const address = liveDatabaseAddress();
  return openClient.client?.post.findFirst({ select: { id: true } }) ?? hasPosts(address);
}
