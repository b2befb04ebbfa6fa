import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Prisma } from '#database/generated/client.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';

/** Columns that no page shows or depends on. */
const SHOWN_NOWHERE = ['id', 'createdAt', 'file'];

/** For each type, a value that differs from the row's. */
const OTHER: Record<string, string> = {
  text: `"COLUMN" || '-other'`,
  boolean: 'NOT "COLUMN"',
  'timestamp without time zone': `coalesce("COLUMN", now()) - interval '1 day'`,
  integer: 'coalesce("COLUMN", 0) + 1',
  ARRAY: `array_append("COLUMN", 'other')`,
  jsonb: `"COLUMN" || '{"other": 1}'`,
};

/** The same for columns that take only some values. */
const OTHER_OF: Record<string, string> = {
  kind: `CASE "kind" WHEN 'post' THEN 'page' ELSE 'post' END`,
  lang: `'fr'`,
};

let database: TestDatabase;
let columns: { name: string; type: string }[];

beforeAll(async () => {
  database = await createDatabase({ migrated: true });
  await writePosts(database, 1);
  columns = await database.query(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = 'Post'`,
  );
});

describe('the triggers', () => {
  it('report a change to every column of a post except those that no page shows', async () => {
    expect(columns.map(({ name }) => name).sort()).toEqual(Object.keys(Prisma.PostScalarFieldEnum).sort());
    const reported: string[] = [];
    for (const { name, type } of columns) {
      if (name === 'id') continue;
      const value = (OTHER_OF[name] ?? OTHER[type])?.replaceAll('COLUMN', name);
      if (!value) throw new Error(`OTHER has no value for the type ${type} of ${name}.`);
      await database.query('DELETE FROM "ContentChange"');
      await database.query(`UPDATE "Post" SET "${name}" = ${value}`);
      const rows = await database.query('SELECT FROM "ContentChange"');
      if (rows.length > 0) reported.push(name);
      if (name === 'published') await database.query('UPDATE "Post" SET "published" = true');
    }
    expect(reported.sort()).toEqual(
      columns
        .map(({ name }) => name)
        .filter((name) => !SHOWN_NOWHERE.includes(name))
        .sort(),
    );
  });

  it('report a column that a later migration adds', async () => {
    const own = await createDatabase({ migrated: true });
    await writePosts(own, 1);
    await own.query(`ALTER TABLE "Post" ADD COLUMN "subtitle" TEXT`);
    await own.query('DELETE FROM "ContentChange"');
    await own.query(`UPDATE "Post" SET "subtitle" = 'New'`);
    expect(await own.query('SELECT "tags" FROM "ContentChange"')).toEqual([
      { tags: ['lists', 'post:post-1'] },
    ]);
  });

  it('do not report a row that was written without a change', async () => {
    await database.query('DELETE FROM "ContentChange"');
    await database.query(`UPDATE "Post" SET "title" = "title"`);
    expect(await database.query('SELECT FROM "ContentChange"')).toEqual([]);
  });

  it('exist on every table that the source reads', async () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (path) => /\.tsx?$/.test(path) && !path.includes('generated'),
    );
    const read = sources.flatMap((path) =>
      [...readFileSync(join('src', path), 'utf8').matchAll(/database\(\)\s*\.(\w+)\s*\./g)].map(
        ([, model = '']) => model,
      ),
    );
    expect(read.length).toBeGreaterThan(0);
    const tables = [...new Set(read)].map((model) => model[0]?.toUpperCase() + model.slice(1));
    expect(tables.filter((table) => !(table in Prisma.ModelName))).toEqual([]);
    for (const table of tables) {
      const triggers = await database.query<{ definition: string }>(
        `SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger
         WHERE NOT tgisinternal AND tgenabled = 'O' AND tgrelid = $1::regclass`,
        [`"${table}"`],
      );
      const events = triggers.flatMap(({ definition }) => /AFTER (\w+) ON/.exec(definition)?.[1] ?? []);
      expect([table, events.sort()]).toEqual([table, ['DELETE', 'INSERT', 'TRUNCATE', 'UPDATE']]);
    }
  });
});
