import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { DatabaseAddress } from '#secrets/index.ts';
import { learnEncryption, needsPlainConnection } from './encryption.ts';
import { recordSignIn } from './sign-ins.ts';

/** Milliseconds before a connection attempt fails: a reader should not wait longer for a page. */
const CONNECTION_TIMEOUT = 5_000;

/** Milliseconds before a query fails and its connection counts as dead. */
export const QUERY_TIMEOUT = 5_000;

/** Milliseconds of inactivity before TCP sends keep-alive probes. */
const KEEP_ALIVE_DELAY = 10_000;

/**
 * The address as separate fields for `pg`: a connection string would override a password that is rotated later.
 *
 * No settings go into the startup message, because PgBouncer rejects most of them: see `ignore_startup_parameters` in
 * https://www.pgbouncer.org/config.html. SQL therefore qualifies table names with the schema: see {@link tableName}.
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
 * Opens a connection, which the caller must close.
 *
 * @param timeout milliseconds before a query fails; without it, queries have no time limit
 * @throws the errors of `pg`
 */
export async function connect(address: DatabaseAddress, timeout?: number): Promise<pg.Client> {
  const attempt = async () => {
    const client = new pg.Client({ ...connectionConfig(address), query_timeout: timeout });
    // If the connection is lost, the pending query fails too, and that error is the one that is reported.
    client.on('error', () => undefined);
    try {
      await client.connect();
      recordSignIn(address);
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

/** A table's name for SQL: quoted, and qualified with the schema from `DATABASE_URL`. */
export function tableName({ schema }: DatabaseAddress, table: string): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
}

/** Interprets `sslmode` as libpq does; see https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-PROTECTION. */
function tls(address: DatabaseAddress): pg.ClientConfig['ssl'] {
  const { host, sslmode, sslrootcert } = address;
  // As in libpq, a Unix socket never uses TLS.
  if (sslmode === 'disable' || host.startsWith('/')) return false;
  if (sslmode === 'prefer' && needsPlainConnection(address)) return false;
  const anyHostname = { checkServerIdentity: () => undefined };
  if (sslmode === 'prefer') return { rejectUnauthorized: false, ...anyHostname };
  const ca = sslrootcert ? readFileSync(sslrootcert, 'utf8') : undefined;
  if (sslmode === 'verify-full') return { ca, rejectUnauthorized: true };
  if (sslmode === 'verify-ca') return { ca, rejectUnauthorized: true, ...anyHostname };
  return { ca, rejectUnauthorized: ca !== undefined, ...anyHostname };
}
