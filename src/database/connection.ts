import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import type { DatabaseAddress } from '#secrets/database-url.ts';

/** Milliseconds after which a connection attempt counts as failed: a reader should not wait longer for a sentence. */
const CONNECTION_TIMEOUT = 5_000;

/** Gives `pg` the address in parts: a connection string would win over a password that is rotated later. */
export function connectionConfig(address: DatabaseAddress): ClientConfig {
  const { host, port, database, user, password, schema } = address;
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
    // Poolers such as PgBouncer refuse start-up options, so one is sent only when it says something.
    ...(schema === 'public' ? {} : { options: `-c search_path=${schema}` }),
  };
}

/** libpq's meaning of `sslmode`; see https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-PROTECTION. */
function tls({ sslmode, sslrootcert }: DatabaseAddress): ClientConfig['ssl'] {
  if (sslmode === 'disable' || sslmode === 'prefer') return false;
  const ca = sslrootcert ? readFileSync(sslrootcert, 'utf8') : undefined;
  if (sslmode === 'verify-full') return { ca, rejectUnauthorized: true };
  if (sslmode === 'verify-ca') return { ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { ca, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined };
}
