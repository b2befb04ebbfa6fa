import pg from 'pg';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import { maskError } from '#secrets/masking.ts';
import { connectionConfig } from './connection.ts';
import { databaseProblem } from './problem.ts';

/**
 * Connects, runs one query, and disconnects.
 *
 * @param timeout milliseconds after which an answer counts as none
 * @throws DatabaseUnavailable with one sentence if the database can't be used; other errors, masked, as `pg` gives them
 */
export async function ask<Row extends pg.QueryResultRow>(
  address: DatabaseAddress,
  sql: string,
  timeout: number,
): Promise<Row[]> {
  const client = new pg.Client({ ...connectionConfig(address), query_timeout: timeout });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client.end();
  }
}
