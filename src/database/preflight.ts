import type { DatabaseAddress } from '#secrets/index.ts';
import { ask } from './ask.ts';
import { QUERY_TIMEOUT, tableName } from './connection.ts';

/**
 * Checks that the database is reachable, accepts the sign-in, and has the tables.
 *
 * @returns whether there are any posts
 * @throws DatabaseUnavailable if it can't be used
 */
export async function hasPosts(address: DatabaseAddress): Promise<boolean> {
  const posts = tableName(address, 'Post');
  const [row] = await ask<{ some: boolean }>(
    address,
    `SELECT EXISTS (SELECT FROM ${posts}) AS some`,
    QUERY_TIMEOUT,
  );
  return row?.some ?? false;
}
