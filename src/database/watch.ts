import { currentDatabaseAddress } from '#secrets/database-url.ts';
import { SecretError } from '#secrets/reader.ts';
import { hasPosts } from './preflight.ts';
import { reportReachable, reportUnreachable } from './reachability.ts';

/** Milliseconds between two looks at the database. */
const INTERVAL = 15_000;

/**
 * Looks at the database now and then, so that the log and `/health` tell of an outage that no reader meets:
 * generated pages ask nothing of it. Without a usable DATABASE_URL it says so once and looks no more.
 *
 * @returns a function that ends the watch
 */
export function watchDatabase(): () => void {
  const look = async () => {
    try {
      await hasPosts(currentDatabaseAddress());
      reportReachable();
    } catch (error) {
      if (error instanceof SecretError) clearInterval(timer);
      reportUnreachable(error instanceof Error ? error : new Error('The database could not be asked.'));
    }
  };
  const timer = setInterval(look, INTERVAL);
  timer.unref();
  void look();
  return () => clearInterval(timer);
}
