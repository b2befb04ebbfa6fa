import { describe, expect, it } from 'vitest';
import { createDatabase } from '../setup/database.ts';

const insert = (slug: string, published: boolean) =>
  `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "updatedAt")
   VALUES ('id', '${slug}', 'Title', '', ${published}, now())`;

describe('the posts table', () => {
  it('rejects a slug that cannot be part of a URL', async () => {
    const { query } = await createDatabase({ migrated: true });
    await expect(query(insert('Not a slug', false))).rejects.toThrow(/Post_slug_is_a_path_segment/);
  });

  it('rejects a published post without a date', async () => {
    const { query } = await createDatabase({ migrated: true });
    await expect(query(insert('post', true))).rejects.toThrow(/Post_published_has_a_date/);
  });
});
