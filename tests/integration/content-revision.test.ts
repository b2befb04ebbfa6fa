import { describe, expect, it, vi } from 'vitest';
import { databaseIdentity } from '#database/identity.ts';
import { disconnect } from '#database/open-client.ts';
import { contentRevision } from '#posts/content-revision.ts';
import * as reads from '#posts/published-posts.ts';
import { runNode } from '../setup/command.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { startService } from '../setup/http-service.ts';

/** For each type in the schema, another value. */
const CHANGED: Record<string, string> = {
  text: `'zz-' || md5(COLUMN::text)`,
  boolean: 'NOT COLUMN',
  'timestamp without time zone': `COLUMN - interval '5 days'`,
  integer: 'COLUMN + 1',
  ARRAY: `array_append(COLUMN, '/zz')`,
};

/** The same for columns that take only some values, or whose form matters. */
const CHANGED_OF: Record<string, string> = {
  kind: `'page'`,
  lang: `'fr'`,
  cover: `'/cover.png'`,
  extra: `'{"cover": {"alt": "Other"}}'`,
  images: `'{"a.png": {"hash": "${'0'.repeat(64)}", "type": "png", "width": 1, "height": 1}}'`,
};

/** Everything that pages read, by every function that they read with. */
async function shownBy(database: TestDatabase, slugs: string[]): Promise<string> {
  vi.stubEnv('DATABASE_URL', database.url);
  try {
    const answers = Object.values(reads).flatMap((read: (slug: string) => Promise<unknown>) =>
      slugs.map(read),
    );
    return JSON.stringify(await Promise.all(answers));
  } finally {
    await disconnect();
    vi.unstubAllEnvs();
  }
}

describe('contentRevision', () => {
  it('changes with every column that pages show', async () => {
    const database = await createDatabase({ migrated: true });
    const slugs = Array.from({ length: 20 }, (_, index) => `post-${index + 1}`);
    await writePosts(database, slugs.length);
    // Posts with the same date are ordered by their ids.
    await database.query(`UPDATE "Post" SET "publishedAt" = '2026-01-01'`);
    const columns = await database.query<{ name: string; type: string }>(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = 'Post'`,
    );
    expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['id', 'title', 'published']));
    const shown: string[] = [];
    for (const [index, { name, type }] of columns.entries()) {
      const value = (CHANGED_OF[name] ?? CHANGED[type])?.replace('COLUMN', `"${name}"`);
      if (!value) throw new Error(`Add another value of the type ${type} to this test.`);
      const before = [await shownBy(database, slugs), await contentRevision(database.address)];
      await database.query(`UPDATE "Post" SET "${name}" = ${value} WHERE "slug" = 'post-${index + 1}'`);
      const after = [await shownBy(database, slugs), await contentRevision(database.address)];
      if (before[0] !== after[0]) {
        shown.push(name);
        expect([name, after[1]]).not.toEqual([name, before[1]]);
      }
    }
    expect(shown).toEqual(
      expect.arrayContaining(['id', 'slug', 'title', 'content', 'published', 'publishedAt', 'updatedAt']),
    );
  });

  it('stays the same if only a draft changes', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const before = await contentRevision(database.address);
    await database.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "updatedAt") VALUES ('d', 'd', 'D', '', now())`,
    );
    expect(await contentRevision(database.address)).toBe(before);
  });

  it("changes with the newsletter's template", async () => {
    const { address } = await createDatabase({ migrated: true });
    const revisions = await Promise.all(
      [undefined, { subject: '', html: 'a' }, { subject: '', html: 'b' }].map((template) =>
        contentRevision(address, template),
      ),
    );
    expect(new Set(revisions).size).toBe(3);
  });

  it('identifies an empty blog too', async () => {
    const { address } = await createDatabase({ migrated: true });
    expect(await contentRevision(address)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('npm run content-revision', () => {
  it("prints database and content, including the provider's template", async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const provider = await startService(() => [200, { Subject: 'News', HtmlBody: 'From the provider' }]);
    const printed = async (variables: Record<string, string>) => {
      const command = runNode('.', ['src/commands/content-revision.ts'], {
        DATABASE_URL: database.url,
        EMAIL_API_URL: provider.url,
        ...variables,
      });
      expect(await command.ended, command.output()).toBe(0);
      return command.output().trim();
    };
    try {
      const identity = await databaseIdentity(database.address);
      expect(await printed({})).toBe(`${identity}-${await contentRevision(database.address)}`);
      const template = { subject: 'News', html: 'From the provider' };
      expect(await printed({ EMAIL_API_KEY: 'a key of a test' })).toBe(
        `${identity}-${await contentRevision(database.address, template)}`,
      );
    } finally {
      await provider.close();
    }
  });
});
