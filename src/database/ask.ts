import type pg from 'pg';
import { type DatabaseAddress, maskError } from '#secrets/index.ts';
import { connect } from './connection.ts';
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
  let client: pg.Client | undefined;
  try {
    client = await connect(address, timeout);
    return (await client.query<Row>(sql)).rows;
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client?.end();
  }
}
