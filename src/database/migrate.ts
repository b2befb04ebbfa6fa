import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type DatabaseAddress, maskError } from '#secrets/index.ts';
import { connect } from './connection.ts';
import { databaseProblem } from './problem.ts';

/** Thrown if a migration can't be applied. The message names it and says what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

type Migration = { name: string; script: string; checksum: string };

/** The advisory lock that Prisma Migrate takes, so that its CLI and this function never run at the same time. */
const ADVISORY_LOCK = 72_707_369;

/** How long to wait while another process migrates, in milliseconds. */
const LOCK_TIMEOUT = 60_000;

/**
 * Applies the pending migrations in the order of their names, one process at a time. It records them as
 * `prisma migrate deploy` does, so either tool can continue after the other.
 * It needs the same server connection throughout: a pooler works in session mode, but not in transaction mode.
 *
 * @param folder contains one folder per migration, each with a `migration.sql`
 * @returns the names of the applied migrations; empty if the database was up to date
 * @throws DatabaseUnavailable if the database can't be used
 * @throws MigrationError if a migration fails, failed before, or was changed after it was applied
 */
export async function migrate(address: DatabaseAddress, folder: string): Promise<string[]> {
  const migrations = readMigrations(folder);
  let client: pg.Client | undefined;
  try {
    client = await connect(address);
    // A timeout that is set for the role is meant for the queries of pages; a migration has no time limit.
    await client.query(`SET statement_timeout = 0; SET lock_timeout = ${LOCK_TIMEOUT}`);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query('RESET lock_timeout');
    await enterSchema(client, address.schema);
    await createHistory(client);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  } catch (error) {
    throw (error instanceof MigrationError ? undefined : databaseProblem(error, address)) ?? maskError(error);
  } finally {
    await client?.end();
  }
}

function readMigrations(folder: string): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const script = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Sets the search path, since migrations name no schema. Like Prisma Migrate, creates the schema if it is missing. */
async function enterSchema(client: pg.Client, schema: string): Promise<void> {
  const name = pg.escapeIdentifier(schema);
  const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  // Even with IF NOT EXISTS, CREATE SCHEMA requires a privilege that the role may lack.
  if (!rowCount) await client.query(`CREATE SCHEMA ${name}`);
  await client.query(`SET search_path TO ${name}`);
}

async function createHistory(client: pg.Client): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
      "id" VARCHAR(36) PRIMARY KEY NOT NULL,
      "checksum" VARCHAR(64) NOT NULL,
      "finished_at" TIMESTAMPTZ,
      "migration_name" VARCHAR(255) NOT NULL,
      "logs" TEXT,
      "rolled_back_at" TIMESTAMPTZ,
      "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
      "applied_steps_count" INTEGER NOT NULL DEFAULT 0
    )`);
}

async function pendingMigrations(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(`
    SELECT "migration_name" AS name, "checksum", "finished_at" IS NOT NULL AS finished
    FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL`);
  const failed = rows.find((row) => !row.finished);
  if (failed) {
    throw new MigrationError(
      `The migration ${failed.name} failed before. Fix the database, then mark its row in _prisma_migrations as rolled back or finished.`,
    );
  }
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  const changed = migrations.find(({ name, checksum }) => (applied.get(name) ?? checksum) !== checksum);
  if (changed) {
    throw new MigrationError(
      `The migration ${changed.name} was changed after it was applied. Restore its file, and put the change into a new migration.`,
    );
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client: pg.Client, { name, script, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name") VALUES ($1, $2, $3)',
    [id, checksum, name],
  );
  try {
    // One query without parameters: PostgreSQL splits the statements itself, and rolls all of them back on an error.
    await client.query(script);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.query('UPDATE "_prisma_migrations" SET "logs" = $2 WHERE "id" = $1', [id, String(error)]);
    throw new MigrationError(`The migration ${name} failed: ${whatPostgresSaid(error, script)}.`);
  }
  await client.query(
    'UPDATE "_prisma_migrations" SET "finished_at" = now(), "applied_steps_count" = 1 WHERE "id" = $1',
    [id],
  );
}

function whatPostgresSaid(error: unknown, script: string): string {
  if (!(error instanceof pg.DatabaseError)) return String(error);
  const line = error.position ? script.slice(0, Number(error.position)).split('\n').length : undefined;
  return `${error.message} (${error.code}${line ? `, line ${line} of its migration.sql` : ''})`;
}
