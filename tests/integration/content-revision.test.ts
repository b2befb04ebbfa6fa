import { describe, expect, it } from 'vitest';
import { contentRevision } from '#database/content-revision.ts';
import { createDatabase, writePosts } from '../setup/database.ts';

describe('contentRevision', () => {
  it.each([
    ['a published post is edited', `UPDATE "Post" SET "content" = 'Other text.' WHERE "slug" = 'post-2'`],
    ['a post is withdrawn', `UPDATE "Post" SET "published" = false WHERE "slug" = 'post-2'`],
    ['a post moves in time', `UPDATE "Post" SET "publishedAt" = '2020-01-01' WHERE "slug" = 'post-2'`],
    ['a post gets another address', `UPDATE "Post" SET "slug" = 'other' WHERE "slug" = 'post-2'`],
  ])('changes when %s', async (_, change) => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const before = await contentRevision(database.address);
    await database.query(change);
    expect(await contentRevision(database.address)).not.toBe(before);
  });

  it('stays when only a draft is written', async () => {
    const database = await createDatabase({ migrated: true });
    await writePosts(database, 3);
    const before = await contentRevision(database.address);
    await database.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "updatedAt") VALUES ('d', 'd', 'D', '', now())`,
    );
    expect(await contentRevision(database.address)).toBe(before);
  });

  it('names an empty blog too', async () => {
    const { address } = await createDatabase({ migrated: true });
    expect(await contentRevision(address)).toMatch(/^[0-9a-f]{16}$/);
  });
});
