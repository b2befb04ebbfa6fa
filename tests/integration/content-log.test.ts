import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type ContentChanges, type Position, readContentLog } from '#content-log/read.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';

const NOTHING: ContentChanges = { everything: false, lists: false, posts: new Map() };

const changed = (posts: Record<string, boolean>): ContentChanges => ({
  everything: false,
  lists: true,
  posts: new Map(Object.entries(posts)),
});

type Reader = { position: Position; next: () => Promise<ContentChanges>; nextDue: number | undefined };

/** Reads the log like a process that follows it from now on. */
async function reader(database: TestDatabase, url = database.url): Promise<Reader> {
  const read = (since: Position | undefined) =>
    connected(url, (client) => readContentLog(client, database.address, since));
  const first = await read(undefined);
  const self: Reader = {
    position: first.position,
    nextDue: first.nextDue,
    next: async () => {
      const { position, changes, nextDue } = await read(self.position);
      Object.assign(self, { position, nextDue });
      return changes;
    },
  };
  return self;
}

async function connected<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const post = (slug: string, more = '') =>
  `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
   VALUES ('${slug}', '${slug}', 'Title', 'Text.', true, now() - interval '1 day', now()) ${more}`;

describe('the content log', () => {
  it('names each published post, at first and after a change that it cannot track', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    const [first] = await Promise.all([
      connected(database.url, (client) => readContentLog(client, database.address, undefined)),
    ]);
    expect(first?.changes).toEqual({
      everything: true,
      lists: true,
      posts: new Map([
        ['post-1', true],
        ['post-2', true],
      ]),
    });
  });

  it.each<[string, string, ContentChanges]>([
    ['a new post, and the post before it', post('new'), changed({ new: true, 'post-2': true })],
    [
      'an edited title',
      `UPDATE "Post" SET "title" = 'Other' WHERE "slug" = 'post-1'`,
      changed({ 'post-1': true, 'post-2': true }),
    ],
    [
      'a moved date',
      `UPDATE "Post" SET "publishedAt" = '2020-01-01' WHERE "slug" = 'post-1'`,
      changed({ 'post-1': true, 'post-2': true }),
    ],
    [
      'an unpublished post',
      `UPDATE "Post" SET "published" = false WHERE "slug" = 'post-1'`,
      changed({ 'post-1': false, 'post-2': true }),
    ],
    [
      'a deleted post',
      `DELETE FROM "Post" WHERE "slug" = 'post-1'`,
      changed({ 'post-1': false, 'post-2': true }),
    ],
    [
      'a new slug',
      `UPDATE "Post" SET "slug" = 'other' WHERE "slug" = 'post-1'`,
      changed({ 'post-1': false, other: true, 'post-2': true }),
    ],
    [
      'an upsert',
      post('post-1', `ON CONFLICT ("slug") DO UPDATE SET "title" = 'Other'`),
      changed({ 'post-1': true, 'post-2': true }),
    ],
    [
      'two posts in one statement',
      `UPDATE "Post" SET "title" = 'Other' WHERE "slug" IN ('post-1', 'post-2')`,
      changed({ 'post-1': true, 'post-2': true }),
    ],
    [
      'a post that becomes a draft again and is edited',
      `UPDATE "Post" SET "published" = false, "title" = 'x' WHERE "slug" = 'post-2'`,
      changed({ 'post-2': false, 'post-1': true }),
    ],
    [
      'an edited text, which no other post shows',
      `UPDATE "Post" SET "content" = 'Other' WHERE "slug" = 'post-1'`,
      changed({ 'post-1': true }),
    ],
    ['a write that changes nothing', `UPDATE "Post" SET "title" = "title"`, NOTHING],
    ['a column that no page shows', `UPDATE "Post" SET "createdAt" = '2020-01-01'`, NOTHING],
    ['a file that was moved', `UPDATE "Post" SET "file" = 'other.md'`, NOTHING],
    [
      'a draft',
      `INSERT INTO "Post" ("id", "slug", "title", "content", "updatedAt") VALUES ('d', 'd', 'D', '', now())`,
      NOTHING,
    ],
    ['no change', 'SELECT 1', NOTHING],
  ])('reports %s, once', async (_, change, expected) => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    const log = await reader(database);
    await database.query(change);
    expect(await log.next()).toEqual(expected);
    expect(await log.next()).toEqual(NOTHING);
  });

  it.each([
    ['TRUNCATE', 'TRUNCATE "Post"', 0],
    ['a change to more than 200 posts', `UPDATE "Post" SET "title" = 'Other'`, 201],
    ['content_changed_all()', 'SELECT content_changed_all()', 201],
  ])('treats %s as a change to everything', async (_, change, left) => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 201);
    const log = await reader(database);
    await database.query(change);
    const changes = await log.next();
    expect([changes.everything, changes.posts.size]).toEqual([true, left]);
    expect(await log.next()).toEqual(NOTHING);
  });

  it('loses no change of transactions that commit out of order, and waits for none', async () => {
    const database = await createDatabase({ migrated: true });
    const log = await reader(database);
    await connected(database.url, async (slow) => {
      await slow.query('BEGIN');
      await slow.query(post('slow'));
      await database.query(post('quick'));
      expect(await log.next()).toEqual(changed({ quick: true }));
      await database.query(post('quick-again'));
      expect(await log.next()).toEqual(changed({ 'quick-again': true, quick: true }));
      await slow.query('COMMIT');
      expect((await log.next()).posts.get('slow')).toBe(true);
      expect(await log.next()).toEqual(NOTHING);
    });
  });

  it('reports nothing of a transaction that was rolled back', async () => {
    const database = await createDatabase({ migrated: true });
    const log = await reader(database);
    await connected(database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(post('undone'));
      await client.query('ROLLBACK');
    });
    expect(await log.next()).toEqual(NOTHING);
  });

  it("reports a scheduled post when it is due, by the database's clock", async () => {
    const database = await createDatabase({ migrated: true });
    await database.query(post('scheduled').replace(`- interval '1 day'`, `+ interval '1 hour'`));
    const log = await reader(database);
    expect(log.nextDue).toBeGreaterThan(3_590_000);
    expect(log.nextDue).toBeLessThanOrEqual(3_600_000);
    // Like a container that was down at that time: its position is older than the date.
    await database.query(`ALTER TABLE "Post" DISABLE TRIGGER USER`);
    await database.query(`UPDATE "Post" SET "publishedAt" = now() - interval '1 second'`);
    log.position = { ...log.position, at: new Date(Date.now() - 60_000).toISOString() };
    expect(await log.next()).toEqual(changed({ scheduled: true }));
    expect([await log.next(), log.nextDue]).toEqual([NOTHING, undefined]);
  });

  it('reports the post before a scheduled one when that is due, since it links to it then', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    await database.query(post('scheduled').replace(`- interval '1 day'`, `+ interval '1 hour'`));
    const log = await reader(database);
    await database.query(`ALTER TABLE "Post" DISABLE TRIGGER USER`);
    await database.query(
      `UPDATE "Post" SET "publishedAt" = now() - interval '1 second' WHERE "slug" = 'scheduled'`,
    );
    log.position = { ...log.position, at: new Date(Date.now() - 60_000).toISOString() };
    expect(await log.next()).toEqual(changed({ scheduled: true, 'post-1': true }));
  });

  it.each([
    ['a new page', `UPDATE "Post" SET "kind" = 'page' WHERE "slug" = 'post-1'`, true],
    ['its title', `UPDATE "Post" SET "title" = 'Other' WHERE "slug" = 'about'`, true],
    ['its end', `DELETE FROM "Post" WHERE "slug" = 'about'`, true],
    ['its text, which only it shows', `UPDATE "Post" SET "content" = 'Other' WHERE "slug" = 'about'`, false],
  ])('treats a change to the navigation as a change to everything: %s', async (_, change, everything) => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 2);
    await database.query(post('about'));
    await database.query(`UPDATE "Post" SET "kind" = 'page' WHERE "slug" = 'about'`);
    const log = await reader(database);
    await database.query(change);
    expect((await log.next()).everything).toBe(everything);
  });

  it('treats a scheduled page of the navigation that is due as a change to everything', async () => {
    const database = await createDatabase({ migrated: true });
    await database.query(post('about').replace(`- interval '1 day'`, `+ interval '1 hour'`));
    await database.query(`UPDATE "Post" SET "kind" = 'page'`);
    const log = await reader(database);
    await database.query(`ALTER TABLE "Post" DISABLE TRIGGER USER`);
    await database.query(`UPDATE "Post" SET "publishedAt" = now() - interval '1 second'`);
    log.position = { ...log.position, at: new Date(Date.now() - 60_000).toISOString() };
    expect((await log.next()).everything).toBe(true);
  });

  it('names the old URLs of posts that readers may see, and the short address of a page', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const log = await reader(database);
    await database.query(`UPDATE "Post" SET "aliases" = '{/old,/older/one}' WHERE "slug" = 'post-1'`);
    expect((await log.next()).oldUrls).toEqual(new Map([['post-1', ['/old', '/older/one']]]));
    await database.query(`UPDATE "Post" SET "kind" = 'page' WHERE "slug" = 'post-2'`);
    expect((await log.next()).oldUrls).toEqual(
      new Map([
        ['post-1', ['/old', '/older/one']],
        ['post-2', ['/post-2']],
      ]),
    );
    await database.query(`UPDATE "Post" SET "published" = false WHERE "slug" = 'post-1'`);
    expect((await log.next()).oldUrls).toBeUndefined();
  });

  it('names stored images that were added or removed, and no page for them', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 1);
    const log = await reader(database);
    const [image] = await database.query<{ hash: string }>(
      `INSERT INTO "Image" ("hash", "type", "width", "height", "content")
       VALUES (encode(sha256('x'), 'hex'), 'png', 1, 1, 'x') RETURNING "hash"`,
    );
    const named = { ...NOTHING, images: [image?.hash] };
    expect(await log.next()).toEqual(named);
    await database.query('DELETE FROM "Image"');
    expect(await log.next()).toEqual(named);
    await database.query('TRUNCATE "Image"');
    expect((await log.next()).everything).toBe(true);
  });

  it('is pruned after 30 days, and then treats an older position as a change to everything', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 1);
    const [old, current] = [await reader(database), await reader(database)];
    await database.query(post('first'));
    await current.next();
    await database.query(`UPDATE "ContentChange" SET "at" = now() - interval '31 days'`);
    await database.query(post('second'));
    expect(await database.query('SELECT "tags" FROM "ContentChange"')).toEqual([
      { tags: expect.arrayContaining(['lists', 'post:second']) },
    ]);
    expect((await current.next()).posts.get('second')).toBe(true);
    expect((await old.next()).everything).toBe(true);
  });

  it('does not make a writer wait for another one that prunes', async () => {
    const database = await createDatabase({ migrated: true });
    await database.query(post('old'));
    await database.query(`UPDATE "ContentChange" SET "at" = now() - interval '31 days'`);
    await connected(database.url, async (pruning) => {
      await pruning.query('BEGIN');
      await pruning.query(post('pruning'));
      await connected(database.url, async (writer) => {
        await writer.query(`SET statement_timeout = '2s'`);
        await writer.query(post('writing'));
        await writer.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
        await writer.query(post('strict'));
        await writer.query('COMMIT');
      });
      await pruning.query('COMMIT');
    });
  });

  it('can be followed by a user who may only read, and written through posts by one who may not touch the log', async () => {
    const database = await createDatabase({ migrated: true });
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`CREATE ROLE ${name}_reader LOGIN PASSWORD 'change-me'`);
    await database.query(`CREATE ROLE ${name}_writer LOGIN PASSWORD 'change-me'`);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name}_reader`);
    await database.query(`GRANT INSERT ON "Post" TO ${name}_writer`);
    const as = (role: string) => {
      const url = new URL(database.url);
      Object.assign(url, { username: `${name}_${role}`, password: 'change-me' });
      return url.href;
    };
    const log = await reader(database, as('reader'));
    await connected(as('writer'), (client) => client.query(post('theirs')));
    expect(await log.next()).toEqual(changed({ theirs: true }));
    await database.query(`GRANT INSERT ON "ContentChange" TO ${name}_writer`);
    await connected(as('writer'), (client) => client.query('SELECT content_changed_all()'));
    expect((await log.next()).everything).toBe(true);
    await database.query(`REVOKE INSERT ON "ContentChange" FROM ${name}_writer`);
    for (const role of ['reader', 'writer'])
      await expect(
        connected(as(role), (client) => client.query('SELECT content_changed_all()')),
      ).rejects.toThrow(/permission denied/);
  });

  it('treats a position from the future as one of another database', async () => {
    const database = await createDatabase({ migrated: true });
    const log = await reader(database);
    log.position = { ...log.position, snapshot: '9000000000:9000000000:' };
    expect((await log.next()).everything).toBe(true);
  });
});
