import type pg from 'pg';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import { maskError } from '#secrets/masking.ts';
import { connect, QUERY_TIMEOUT, tableName } from './connection.ts';
import { databaseProblem } from './problem.ts';

/**
 * Asks the database one thing and hangs up: is it there, may we in, and does it have the tables?
 *
 * @returns whether there is any post
 * @throws DatabaseUnavailable with a sentence for each way in which it can't be used
 */
export async function hasPosts(address: DatabaseAddress): Promise<boolean> {
  let client: pg.Client | undefined;
  try {
    client = await connect(address, QUERY_TIMEOUT);
    const posts = tableName(address, 'Post');
    const { rows } = await client.query<{ some: boolean }>(`SELECT EXISTS (SELECT FROM ${posts}) AS some`);
    return rows[0]?.some ?? false;
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client?.end();
  }
}
