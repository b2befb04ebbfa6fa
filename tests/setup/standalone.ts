import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { type DatabaseAddress, readDatabaseAddress } from '#secrets/index.ts';
import { runNode } from './command.ts';

/** Another server of the build that the suite shares, with secrets of one test's own. */
export type Standalone = { url: string; log: () => string; stop: () => Promise<unknown> };

/** @param build another standalone build than the one that the suite shares */
export async function serveStandalone(
  variables: Record<string, string>,
  build = join(inject('siteFolder'), '.next/standalone'),
): Promise<Standalone> {
  const folder = inject('siteFolder');
  const server = runNode(folder, [join(build, 'sealed.js')], {
    HOSTNAME: '127.0.0.1',
    PORT: '0',
    DATABASE_URL_FILE: join(folder, '.data/database_url'),
    ...variables,
  });
  const [, url = ''] = await server.printed(/ready at (http:\S+)/);
  return { url, log: server.output, stop: () => server.stop() };
}

/** The database that the suite's site started for itself. */
export function siteAddress(): DatabaseAddress {
  return readDatabaseAddress({ DATABASE_URL_FILE: join(inject('siteFolder'), '.data/database_url') });
}

/** Runs one query in the database that the suite's site started for itself. */
export async function queryOfSite(sql: string, values: string[] = []): Promise<void> {
  const { host, port, user, password, database } = siteAddress();
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
}
