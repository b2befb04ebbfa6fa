import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { BUILD_RECORD } from '#build-output/record.ts';
import { readContentLog } from '#content-log/read.ts';
import { type DatabaseAddress, readDatabaseAddress } from '#secrets/index.ts';
import { runNode } from './command.ts';
import { createDatabase, type TestDatabase } from './database.ts';

/** Another server of the suite's shared build, with secrets of its own. */
export type Standalone = { url: string; log: () => string; stop: () => Promise<unknown> };

/** @param build a standalone build other than the suite's shared one */
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
  const [, url = ''] = await server.printed(/ready at (http:[^\s"]+)/);
  return { url, log: server.output, stop: () => server.stop() };
}

/** The database that the suite's site started for itself. */
export function siteAddress(): DatabaseAddress {
  return readDatabaseAddress({ DATABASE_URL_FILE: join(inject('siteFolder'), '.data/database_url') });
}

/** Runs one query in the database that the suite's site started for itself. */
export async function queryOfSite(sql: string, values: string[] = []): Promise<void> {
  const client = await connectTo(siteAddress());
  await client.query(sql, values).finally(() => client.end());
}

/** A test's own database with the posts of the shared build, and a build whose record says that it was made from it. */
export type OwnBuild = { database: TestDatabase; folder: string; remove: () => void };

/** Makes an {@link OwnBuild}: its pages are those of the shared build, and its position in the content log is now. */
export async function makeOwnBuild(): Promise<OwnBuild> {
  const database = await createDatabase({ migrated: true });
  await copyPosts(siteAddress(), database.address);
  const folder = mkdtempSync(join(tmpdir(), 'sealed-own-build-'));
  const shared = join(inject('siteFolder'), '.next/standalone');
  try {
    execFileSync('cp', ['-al', `${shared}/.`, folder], { stdio: 'ignore' });
  } catch {
    cpSync(shared, folder, { recursive: true, verbatimSymlinks: true });
  }
  const file = join(folder, BUILD_RECORD);
  const record = JSON.parse(readFileSync(file, 'utf8'));
  const client = await connectTo(database.address);
  const { position } = await readContentLog(client, database.address, undefined).finally(() => client.end());
  // Not overwritten in place: the shared build has the same file.
  rmSync(file);
  writeFileSync(file, JSON.stringify({ ...record, database: position.database, position }));
  return { database, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function copyPosts(from: DatabaseAddress, to: DatabaseAddress): Promise<void> {
  const [source, target] = await Promise.all([connectTo(from), connectTo(to)]);
  try {
    const { rows } = await source.query('SELECT * FROM "Post"');
    await target.query('INSERT INTO "Post" SELECT * FROM json_populate_recordset(NULL::"Post", $1)', [
      JSON.stringify(rows),
    ]);
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}

async function connectTo({ host, port, user, password, database }: DatabaseAddress): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  return client;
}
