import { createHash } from 'node:crypto';
import pg from 'pg';
import type { DatabaseAddress } from '#secrets/index.ts';
import { ask } from './ask.ts';
import { QUERY_TIMEOUT, tableName } from './connection.ts';

/** See https://www.postgresql.org/docs/18/functions-info.html#FUNCTIONS-INFO-CONTROLDATA. */
const SERVER = `
  (SELECT system_identifier FROM pg_control_system())::text AS system,
  (SELECT timeline_id FROM pg_control_checkpoint())::text AS timeline`;

/** SQLSTATE classes of "you may not" and "there is no such function". */
const NOT_TOLD = /^(42501|42883|0A000)$/;

/**
 * Names a database by what PostgreSQL says about itself: server, timeline, database, and the table of posts.
 * It holds nothing of the URL, so it may be logged and put into an image. A standby has its primary's name.
 *
 * @returns 12 hexadecimal digits; `partial-` stands before them if a hosted service hides the server, as then two
 *   servers may share a name
 * @throws DatabaseUnavailable if the database can't be used, or has no table of posts
 */
export async function databaseIdentity(address: DatabaseAddress): Promise<string> {
  try {
    return hash(await ask(address, `SELECT ${SERVER}, ${databaseColumns(address)}`, QUERY_TIMEOUT));
  } catch (error) {
    if (!NOT_TOLD.test(String((error as { code?: unknown }).code))) throw error;
    return `partial-${hash(await ask(address, `SELECT ${databaseColumns(address)}`, QUERY_TIMEOUT))}`;
  }
}

function hash(rows: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 12);
}

function databaseColumns(address: DatabaseAddress): string {
  return `
  (SELECT oid FROM pg_database WHERE datname = current_database())::text AS database,
  ${pg.escapeLiteral(tableName(address, 'Post'))}::regclass::oid::text AS posts`;
}
