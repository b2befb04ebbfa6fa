import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { database } from '#database/client.ts';
import { parsePostFile } from './front-matter.ts';

/**
 * Writes the posts of a folder of Markdown files that the database lacks, and leaves those that it has as they are:
 * safe to run again, and while another seed runs. Throws `DatabaseUnavailable`.
 *
 * @returns how many posts were written, and how many files there are
 */
export async function seedPosts(folder: string): Promise<{ written: number; files: number }> {
  const posts = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => parsePostFile(readFileSync(join(folder, name), 'utf8'), name));
  const { count } = await database().post.createMany({ data: posts, skipDuplicates: true });
  return { written: count, files: posts.length };
}
