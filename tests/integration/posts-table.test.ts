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

  it.each([
    ['a kind', `"kind" = 'recipe'`, /Post_kind_is_known/],
    ['a language', `"lang" = 'not one'`, /Post_lang_is_a_tag/],
  ])('rejects %s that is none', async (_, change, constraint) => {
    const { query } = await createDatabase({ migrated: true });
    await query(insert('post', false));
    await expect(query(`UPDATE "Post" SET ${change}`)).rejects.toThrow(constraint);
  });

  it('rejects a published post without a date', async () => {
    const { query } = await createDatabase({ migrated: true });
    await expect(query(insert('post', true))).rejects.toThrow(/Post_published_has_a_date/);
  });
});

describe('the images table', () => {
  it.each([
    ['another hash', `'abc', 'png', 1, 1, 'x'`, /Image_hash_is_of_its_content/],
    ['another type', `encode(sha256('x'), 'hex'), 'svg', 1, 1, 'x'`, /Image_type_is_known/],
    ['no dimensions', `encode(sha256('x'), 'hex'), 'png', 0, 1, 'x'`, /Image_has_dimensions/],
    [
      'more than 5 MB',
      `encode(sha256(decode(repeat('00', 5242881), 'hex')), 'hex'), 'png', 1, 1, decode(repeat('00', 5242881), 'hex')`,
      /Image_is_at_most_5_mb/,
    ],
  ])('rejects an image with %s', async (_, values, constraint) => {
    const { query } = await createDatabase({ migrated: true });
    const statement = `INSERT INTO "Image" ("hash", "type", "width", "height", "content") VALUES (${values})`;
    await expect(query(statement)).rejects.toThrow(constraint);
  });
});
