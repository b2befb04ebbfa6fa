import type { DatabaseAddress } from '#secrets/index.ts';
import { parsePostgresUrl } from '#secrets/postgres-url.ts';

/** A database's address from its URL, as `DATABASE_URL` would give it. Throws if the URL is invalid. */
export function parseDatabaseUrl(url: string, source = 'of a test'): DatabaseAddress {
  const address = parsePostgresUrl(url);
  if ('problem' in address) throw new Error(`DATABASE_URL (${source}) ${address.problem}`);
  return address;
}
