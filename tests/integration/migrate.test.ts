import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '#database/migrate.ts';
import { createDatabase } from '../setup/database.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-migrations-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function migration(name: string, script: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'migration.sql'), script);
}

type HistoryRow = {
  migration_name: string;
  checksum: string;
  finished: boolean;
  applied_steps_count: number;
};

const HISTORY = `SELECT "migration_name", "checksum", "finished_at" IS NOT NULL AS finished, "applied_steps_count"
  FROM "_prisma_migrations" ORDER BY "started_at"`;

describe('migrate', () => {
  it('applies what is missing in order of name, and nothing the second time', async () => {
    const { address, query } = await createDatabase({ migrated: false });
    migration('2_second', 'ALTER TABLE a ADD COLUMN y int;');
    migration('1_first', 'CREATE TABLE a (x int);');
    expect(await migrate(address, folder)).toEqual(['1_first', '2_second']);
    expect(await migrate(address, folder)).toEqual([]);
    expect(await query<HistoryRow>(HISTORY)).toMatchObject([
      { migration_name: '1_first', finished: true, applied_steps_count: 1 },
      { migration_name: '2_second', finished: true, applied_steps_count: 1 },
    ]);
  });

  it('applies a dollar-quoted function body, and a string with a semicolon', async () => {
    const { address, query } = await createDatabase({ migrated: false });
    migration(
      '1_function',
      `CREATE TABLE note (text text DEFAULT 'a; b');
       CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         NEW.text := upper(NEW.text) || ';';
         RETURN NEW;
       END;
       $$;
       CREATE TRIGGER shout BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION shout();`,
    );
    await migrate(address, folder);
    await query('INSERT INTO note DEFAULT VALUES');
    expect(await query('SELECT text FROM note')).toEqual([{ text: 'A; B;' }]);
  });

  it('applies each migration once if several processes run at the same time', async () => {
    const { address, query } = await createDatabase({ migrated: false });
    migration('1_first', 'CREATE TABLE a (x int); SELECT pg_sleep(0.2);');
    const applied = await Promise.all([1, 2, 3].map(() => migrate(address, folder)));
    expect(applied.flat()).toEqual(['1_first']);
    expect(await query(HISTORY)).toHaveLength(1);
  });

  it('leaves nothing of a migration that fails, names it with the line, and refuses to continue after it', async () => {
    const { address, query } = await createDatabase({ migrated: false });
    migration('1_broken', 'CREATE TABLE a (x int);\nCREATE TABLE b (y nonesuch);');
    await expect(migrate(address, folder)).rejects.toThrow(/1_broken failed: type "nonesuch".*line 2/);
    expect(await query(`SELECT to_regclass('a') AS table`)).toEqual([{ table: null }]);
    migration('1_broken', 'CREATE TABLE a (x int);');
    await expect(migrate(address, folder)).rejects.toThrow(/1_broken failed before/);
  });

  it('rejects a migration that was changed after it was applied', async () => {
    const { address } = await createDatabase({ migrated: false });
    migration('1_first', 'CREATE TABLE a (x int);');
    await migrate(address, folder);
    migration('1_first', 'CREATE TABLE a (x bigint);');
    await expect(migrate(address, folder)).rejects.toThrow(/1_first was changed/);
  });

  it('writes the rows that Prisma Migrate would, with the SHA-256 of the file', async () => {
    const { address, query } = await createDatabase({ migrated: false });
    migration('1_first', 'SELECT 1;');
    await migrate(address, folder);
    expect(await query<HistoryRow>(HISTORY)).toMatchObject([
      { checksum: '17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a' },
    ]);
  });
});
