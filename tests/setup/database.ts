import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { DatabaseAddress } from '#secrets/index.ts';
import { parseDatabaseUrl } from './database-address.ts';
import { TEMPLATE } from './postgres.ts';

/** A database that belongs to one test, in the run's PostgreSQL. */
export type TestDatabase = {
  url: string;
  address: DatabaseAddress;
  /** Runs one query, as the database's owner. */
  query: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;
};

/** Creates a database, empty or with the project's tables. It is removed at the end of the run. */
export async function createDatabase({ migrated }: { migrated: boolean }): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = migrated ? TEMPLATE : 'template0';
  await queryAt(inject('postgresUrl'), `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  const url = inject('postgresUrl').replace(/\/[^/]*$/, `/${name}`);
  const address = parseDatabaseUrl(url, 'a test');
  return { url, address, query: (sql, values) => queryAt(url, sql, values) };
}

/** Writes published posts dated one hour apart, going back from now: `post-1` is the newest. */
export async function writePosts(database: TestDatabase, count: number): Promise<void> {
  await database.query(
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     SELECT 'c' || n, 'post-' || n, 'Post ' || n, 'Text of post ' || n || '.', true, now() - n * interval '1 hour', now()
     FROM generate_series(1, $1) AS n`,
    [count],
  );
}

async function queryAt<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values?: unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
