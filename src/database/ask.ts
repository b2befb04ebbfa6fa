import type pg from 'pg';
import { type DatabaseAddress, maskError } from '#secrets/index.ts';
import { connect } from './connection.ts';
import { databaseProblem } from './problem.ts';

/**
 * Opens a connection, passes it to `use`, and closes it.
 *
 * @param timeout milliseconds before a query fails
 * @returns what `use` returns
 * @throws DatabaseUnavailable if the database can't be used; any other error of `pg`, with its secrets masked
 */
export async function withConnection<Result>(
  address: DatabaseAddress,
  timeout: number,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  let client: pg.Client | undefined;
  try {
    client = await connect(address, timeout);
    return await use(client);
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client?.end();
  }
}

/** Runs one query over a connection of its own; see {@link withConnection}. */
export async function ask<Row extends pg.QueryResultRow>(
  address: DatabaseAddress,
  sql: string,
  timeout: number,
): Promise<Row[]> {
  return withConnection(address, timeout, async (client) => (await client.query<Row>(sql)).rows);
}
