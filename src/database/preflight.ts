import pg from 'pg';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import { maskError } from '#secrets/masking.ts';
import { connectionConfig } from './connection.ts';
import { databaseProblem } from './problem.ts';

/** Milliseconds after which an answer counts as none: a table may be locked for as long as a migration takes. */
const QUERY_TIMEOUT = 5_000;

/**
 * Asks the database one thing and hangs up: is it there, may we in, and does it have the tables?
 *
 * @returns whether there is any post
 * @throws DatabaseUnavailable with a sentence for each way in which it can't be used
 */
export async function hasPosts(address: DatabaseAddress): Promise<boolean> {
  const client = new pg.Client({ ...connectionConfig(address), query_timeout: QUERY_TIMEOUT });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ some: boolean }>('SELECT EXISTS (SELECT FROM "Post") AS some');
    return rows[0]?.some ?? false;
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client.end();
  }
}
