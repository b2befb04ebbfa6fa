import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { DatabaseAddress } from '#secrets/index.ts';
import { learnEncryption, needsPlainConnection } from './encryption.ts';

/** Milliseconds after which a connection attempt counts as failed: a reader should not wait longer for a page. */
const CONNECTION_TIMEOUT = 5_000;

/** Milliseconds after which a query counts as unanswered, and its connection as dead. */
export const QUERY_TIMEOUT = 5_000;

/** Milliseconds of silence after which TCP asks whether the other end is still there. */
const KEEP_ALIVE_DELAY = 10_000;

/**
 * Gives `pg` the address in parts: a connection string would win over a password that is rotated later.
 *
 * It sends no setting in the startup message, since PgBouncer refuses most of them; see `ignore_startup_parameters` in
 * https://www.pgbouncer.org/config.html. SQL therefore names its schema: see {@link tableName}.
 */
export function connectionConfig(address: DatabaseAddress): pg.ClientConfig {
  const { host, port, database, user, password } = address;
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tls(address),
    application_name: 'sealed',
    connectionTimeoutMillis: CONNECTION_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY,
  };
}

/**
 * Opens one connection, which the caller has to end.
 *
 * @param timeout milliseconds after which a query fails; without it, a query may take as long as it needs
 * @throws what `pg` throws
 */
export async function connect(address: DatabaseAddress, timeout?: number): Promise<pg.Client> {
  const attempt = async () => {
    const client = new pg.Client({ ...connectionConfig(address), query_timeout: timeout });
    // If the connection is lost, the query that waits for an answer fails too, and that is what is reported.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
  };
  try {
    return await attempt();
  } catch (error) {
    if (!learnEncryption(error, address)) throw error;
    return attempt();
  }
}

/** A table's name for SQL, quoted and with the schema that `DATABASE_URL` names. */
export function tableName({ schema }: DatabaseAddress, table: string): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
}

/** libpq's meaning of `sslmode`; see https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-PROTECTION. */
function tls(address: DatabaseAddress): pg.ClientConfig['ssl'] {
  const { host, sslmode, sslrootcert } = address;
  // As in libpq, a Unix socket never uses TLS.
  if (sslmode === 'disable' || host.startsWith('/')) return false;
  if (sslmode === 'prefer' && needsPlainConnection(address)) return false;
  const unnamed = { checkServerIdentity: () => undefined };
  if (sslmode === 'prefer') return { rejectUnauthorized: false, ...unnamed };
  const ca = sslrootcert ? readFileSync(sslrootcert, 'utf8') : undefined;
  if (sslmode === 'verify-full') return { ca, rejectUnauthorized: true };
  if (sslmode === 'verify-ca') return { ca, rejectUnauthorized: true, ...unnamed };
  return { ca, rejectUnauthorized: ca !== undefined, ...unnamed };
}
