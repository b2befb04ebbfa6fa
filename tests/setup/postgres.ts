import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '#database/migrate.ts';
import { startEmbeddedPostgres } from '#local/embedded-postgres.ts';
import { parseDatabaseUrl } from './database-address.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of an embedded PostgreSQL; each test creates its own database in it. */
    postgresUrl: string;
  }
}

/** A database with the project's tables and no rows, from which a test's own is copied. */
export const TEMPLATE = 'migrated';

/** A real PostgreSQL for the whole run, in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-postgres-'));
  const postgres = await startEmbeddedPostgres(folder);
  const url = readFileSync(postgres.urlFile, 'utf8').trim();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // The data is deleted after the run and need not survive a crash, which makes creating a database ten times faster.
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('SELECT pg_reload_conf()');
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  await migrate(parseDatabaseUrl(url.replace(/\/[^/]*$/, `/${TEMPLATE}`), 'the tests'), 'prisma/migrations');
  project.provide('postgresUrl', url);
  return () => {
    postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
