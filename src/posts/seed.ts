import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { database } from '#database/client.ts';
import { parsePostFile } from './front-matter.ts';

/**
 * Inserts the posts of a folder of Markdown files. Existing posts are left unchanged, so it is safe to run again, also
 * concurrently.
 *
 * @returns the number of posts written, and the number of files
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function seedPosts(folder: string): Promise<{ written: number; files: number }> {
  const posts = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => parsePostFile(readFileSync(join(folder, name), 'utf8'), name));
  const { count } = await database().post.createMany({ data: posts, skipDuplicates: true });
  return { written: count, files: posts.length };
}
