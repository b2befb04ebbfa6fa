import { createHash } from 'node:crypto';
import pg from 'pg';
import type { DatabaseAddress } from '#secrets/index.ts';
import { withConnection } from './ask.ts';
import { QUERY_TIMEOUT, tableName } from './connection.ts';

/** The server's identity; see https://www.postgresql.org/docs/18/functions-info.html#FUNCTIONS-INFO-CONTROLDATA. */
const SERVER = `
  (SELECT system_identifier FROM pg_control_system())::text AS system,
  (SELECT timeline_id FROM pg_control_checkpoint())::text AS timeline`;

/** SQLSTATE codes for insufficient privilege, an undefined function, and an unsupported feature. */
const HIDES_SERVER = /^(42501|42883|0A000)$/;

/**
 * Identifies a database by what PostgreSQL reports about itself: server, timeline, database, and posts table.
 * The identity contains no part of the URL, so it may be logged and stored in an image. A standby has its primary's.
 *
 * @returns 12 hexadecimal digits, prefixed with `partial-` if a hosted service hides the server: two servers may then
 *   share an identity
 * @throws DatabaseUnavailable if the database can't be used, or has no posts table
 */
export async function databaseIdentity(address: DatabaseAddress): Promise<string> {
  return withConnection(address, QUERY_TIMEOUT, (client) => identityOf(client, address));
}

/** Like {@link databaseIdentity}, over an open connection. Throws the errors of `pg`. */
export async function identityOf(client: pg.ClientBase, address: DatabaseAddress): Promise<string> {
  try {
    return hash((await client.query(`SELECT ${SERVER}, ${databaseColumns(address)}`)).rows);
  } catch (error) {
    if (!HIDES_SERVER.test(String((error as { code?: unknown }).code))) throw error;
    return `partial-${hash((await client.query(`SELECT ${databaseColumns(address)}`)).rows)}`;
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
