import type { Variables } from '#environment/variables.ts';
import { liveSecret } from './live.ts';
import type { DatabaseAddress } from './postgres-url.ts';
import { type ReadSecret, readSecret } from './reader.ts';
import { SecretError } from './secret-error.ts';

export type { DatabaseAddress } from './postgres-url.ts';

/** Thrown if a page or a command needs the database, but no source has its URL. */
export class MissingDatabaseUrl extends SecretError {
  override name = 'MissingDatabaseUrl';
}

/**
 * Reads `DATABASE_URL` through {@link readSecret} and returns its parts.
 *
 * @param variables the environment variables to search; by default the process's own
 * @throws MissingDatabaseUrl if no source has it
 * @throws SecretError if it is not a PostgreSQL URL with a host and a database; the message never quotes it
 */
export function readDatabaseAddress(variables?: Variables): DatabaseAddress {
  return required(readSecret('DATABASE_URL', variables && { variables }));
}

/**
 * The current address: it follows a rotated password without a restart.
 *
 * @throws the same errors as {@link readDatabaseAddress}
 */
export function liveDatabaseAddress(): DatabaseAddress {
  return required(liveSecret('DATABASE_URL'));
}

function required(found: ReadSecret<'DATABASE_URL'> | undefined): DatabaseAddress {
  if (!found) {
    throw new MissingDatabaseUrl(
      'DATABASE_URL is not set. Set it, name a file with DATABASE_URL_FILE, or mount /run/secrets/database_url.',
    );
  }
  return found.value;
}
