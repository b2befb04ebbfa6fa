import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES_FOLDER } from '#build-output/record.ts';
import { withConnection } from '#database/ask.ts';
import { tableName } from '#database/connection.ts';
import { imageName } from '#page-cache/images.ts';
import { readPostImages } from '#posts/images.ts';
import type { DatabaseAddress } from '#secrets/index.ts';
import { STANDALONE } from './project.ts';

/** Milliseconds before a query fails: longer than for a page, because an image may be large. */
const QUERY_TIMEOUT = 60_000;

/**
 * Writes the images of the prerendered posts into the standalone build, so that their pages are complete without a
 * database.
 *
 * @param slugs the prerendered posts
 * @param folder is replaced; without an image, it is missing afterwards
 * @returns the name of each image, with the slugs of the posts that show it
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function packImages(
  address: DatabaseAddress,
  slugs: string[],
  folder = join(STANDALONE, IMAGES_FOLDER),
): Promise<Map<string, string[]>> {
  rmSync(folder, { recursive: true, force: true });
  const packed = new Map<string, string[]>();
  await withConnection(address, QUERY_TIMEOUT, async (client) => {
    const { rows } = await client.query<{ slug: string; images: unknown }>(
      `SELECT "slug", "images" FROM ${tableName(address, 'Post')} WHERE "slug" = ANY($1::text[]) AND "images" <> '{}'`,
      [slugs],
    );
    for (const { slug, images } of rows)
      for (const image of Object.values(readPostImages(images))) {
        const name = imageName(image);
        const shownBy = packed.get(name);
        if (shownBy) {
          shownBy.push(slug);
          continue;
        }
        const stored = await client.query<{ content: Buffer }>(
          `SELECT "content" FROM ${tableName(address, 'Image')} WHERE "hash" = $1`,
          [image.hash],
        );
        const content = stored.rows[0]?.content;
        if (!content) continue;
        if (packed.size === 0) mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, name), content);
        packed.set(name, [slug]);
      }
  });
  return packed;
}
