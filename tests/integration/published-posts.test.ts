import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { disconnect } from '#database/open-client.ts';
import { seedPosts } from '#post-files/import.ts';
import { readNewestPosts, readPost, readPostsAfter, readSlugsToGenerate } from '#posts/published-posts.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase({ migrated: true });
  vi.stubEnv('DATABASE_URL', database.url);
});

afterEach(async () => {
  await disconnect();
  vi.unstubAllEnvs();
});

const slugs = (list: { posts: { slug: string }[] } | undefined) => list?.posts.map((post) => post.slug);

async function followLists(): Promise<string[]> {
  const seen: string[] = [];
  let list = await readNewestPosts();
  for (;;) {
    seen.push(...(slugs(list) ?? []));
    if (list.continueAfter === undefined) return seen;
    const next = await readPostsAfter(list.continueAfter);
    if (!next) throw new Error(`The list ends at ${list.continueAfter}.`);
    list = next;
  }
}

describe('the lists', () => {
  it('include every published post once, newest first', async () => {
    await writePosts(database, 35);
    expect(await followLists()).toEqual(Array.from({ length: 35 }, (_, index) => `post-${index + 1}`));
  });

  it('include posts with the same date once each', async () => {
    await writePosts(database, 25);
    await database.query(`UPDATE "Post" SET "publishedAt" = '2026-06-01'`);
    const seen = await followLists();
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it('end correctly if the posts fill the last page exactly', async () => {
    await writePosts(database, 20);
    expect(await followLists()).toHaveLength(20);
  });

  it('are empty if there are no posts', async () => {
    expect(await readNewestPosts()).toEqual({ posts: [], continueAfter: undefined });
  });

  it('have no page after a draft or an unknown post', async () => {
    await writePosts(database, 12);
    await database.query(`UPDATE "Post" SET "published" = false WHERE "slug" = 'post-5'`);
    expect(await readPostsAfter('post-5')).toBeUndefined();
    expect(await readPostsAfter('nonesuch')).toBeUndefined();
  });

  it('read no more of the index for a deep page than for the first', async () => {
    await writePosts(database, 5_000);
    await database.query('ANALYZE "Post"');
    const before = await indexEntriesRead();
    expect(slugs(await readPostsAfter('post-2500'))?.[0]).toBe('post-2501');
    await disconnect();
    expect((await indexEntriesRead()) - before).toBeLessThan(100);
  });

  async function indexEntriesRead(): Promise<number> {
    await database.query('SELECT pg_stat_force_next_flush()');
    const [row] = await database.query<{ count: number }>(
      `SELECT (pg_stat_get_tuples_returned(oid) + pg_stat_get_tuples_returned('"Post"'::regclass))::int AS count
       FROM pg_class WHERE relname = 'Post_published_publishedAt_id_idx'`,
    );
    if (!row) throw new Error('The index is not there.');
    return row.count;
  }
});

describe('a draft', () => {
  it('is neither listed, nor found, nor generated', async () => {
    await writePosts(database, 2);
    await database.query(`UPDATE "Post" SET "published" = false WHERE "slug" = 'post-1'`);
    expect(slugs(await readNewestPosts())).toEqual(['post-2']);
    expect(await readPost('post-1')).toBeUndefined();
    expect(await readSlugsToGenerate()).toEqual(['post-2']);
  });
});

describe('reading', () => {
  it('opens only one client, however often it is called', async () => {
    await writePosts(database, 1);
    await Promise.all(Array.from({ length: 50 }, () => readPost('post-1')));
    const [row] = await database.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sealed'`,
    );
    expect(row?.count).toBeLessThanOrEqual(10);
  });

  it('fails with host and database in the message if the database is down', async () => {
    vi.stubEnv('DATABASE_URL', 'postgresql://blog:hidden@127.0.0.1:1/blog');
    const read = readPost('post-1');
    await expect(read).rejects.toThrow('the database "blog" on 127.0.0.1');
    await expect(read).rejects.not.toThrow('hidden');
  });

  it('recovers by itself after the connections are cut', async () => {
    await writePosts(database, 1);
    await readPost('post-1');
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sealed'`,
    );
    await expect.poll(async () => (await readPost('post-1').catch(() => undefined))?.slug).toBe('post-1');
  });
});

describe('seedPosts', () => {
  it('writes the posts once, even if two seeds run at the same time', async () => {
    const results = await Promise.all([
      seedPosts(database.address, 'prisma/seed'),
      seedPosts(database.address, 'prisma/seed'),
    ]);
    const files = results[0]?.files ?? 0;
    expect(results[0].written + results[1].written).toBe(files);
    expect(await database.query('SELECT FROM "Post"')).toHaveLength(files);
  });

  it('keeps edits to a post', async () => {
    await seedPosts(database.address, 'prisma/seed');
    await database.query(`UPDATE "Post" SET "title" = 'Edited'`);
    await seedPosts(database.address, 'prisma/seed');
    expect(await database.query(`SELECT FROM "Post" WHERE "title" <> 'Edited'`)).toHaveLength(0);
  });
});
