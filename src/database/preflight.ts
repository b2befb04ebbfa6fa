import type { DatabaseAddress } from '#secrets/database-url.ts';
import { ask } from './ask.ts';

/** Milliseconds. A migration may lock the table for as long as it runs. */
const QUERY_TIMEOUT = 5_000;

/**
 * Checks that the database is there, lets us in, and has the tables.
 *
 * @returns whether there is any post
 * @throws DatabaseUnavailable with one sentence if it can't be used
 */
export async function hasPosts(address: DatabaseAddress): Promise<boolean> {
  const [row] = await ask<{ some: boolean }>(
    address,
    'SELECT EXISTS (SELECT FROM "Post") AS some',
    QUERY_TIMEOUT,
  );
  return row?.some ?? false;
}
