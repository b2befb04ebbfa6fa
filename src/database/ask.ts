import type pg from 'pg';
import { type DatabaseAddress, maskError } from '#secrets/index.ts';
import { connect } from './connection.ts';
import { databaseProblem } from './problem.ts';

/**
 * Connects, uses the connection, and disconnects.
 *
 * @param timeout milliseconds after which a query counts as unanswered
 * @throws DatabaseUnavailable with one sentence if the database can't be used; other errors, masked, as `pg` gives them
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

/** Runs one query over {@link withConnection}. */
export async function ask<Row extends pg.QueryResultRow>(
  address: DatabaseAddress,
  sql: string,
  timeout: number,
): Promise<Row[]> {
  return withConnection(address, timeout, async (client) => (await client.query<Row>(sql)).rows);
}
