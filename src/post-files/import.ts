import { readFileSync } from 'node:fs';
import { withConnection } from '#database/ask.ts';
import type { DatabaseAddress } from '#secrets/index.ts';
import { type FolderOptions, readPostFolder } from './folder.ts';
import type { Warning } from './post-file.ts';
import { type Changes, writeMissingPosts, writePosts } from './stored-posts.ts';

/** Milliseconds before a query of an import or export fails: one of them writes every post. */
export const IMPORT_TIMEOUT = 600_000;

/** How a folder is imported. */
export type ImportOptions = FolderOptions & { prune?: boolean; dryRun?: boolean };

/** What an import did, or would do. */
export type Imported = Changes & { warnings: Warning[] };

/**
 * Imports a folder of Markdown files: all of them, or, if there is an error in one, none.
 *
 * @throws PostFileErrors with every error of every file
 * @throws DatabaseUnavailable if the database can't be used
 * @throws Error if the folder is none, or has no posts
 */
export async function importPosts(
  address: DatabaseAddress,
  folder: string,
  { prune, dryRun, ...reading }: ImportOptions = {},
): Promise<Imported> {
  const { posts, warnings, imageFiles } = readPostFolder(folder, reading);
  const imageBytes = (hash: string) => readFileSync(imageFiles.get(hash) ?? '');
  const changes = await withConnection(address, IMPORT_TIMEOUT, (client) =>
    writePosts(client, address, posts, { imageBytes, prune, dryRun }),
  );
  return { ...changes, warnings };
}

/**
 * Writes the example posts that the database lacks. Existing posts are left unchanged, so it is safe to run again, also
 * concurrently.
 *
 * @returns the number of posts written, and the number of files
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function seedPosts(
  address: DatabaseAddress,
  folder: string,
): Promise<{ written: number; files: number }> {
  // They belong to no folder of the author's, so that pruning one does not unpublish them.
  const posts = readPostFolder(folder, { strict: true }).posts.map((post) => ({ ...post, file: '' }));
  const written = await withConnection(address, IMPORT_TIMEOUT, (client) =>
    writeMissingPosts(client, address, posts),
  );
  return { written, files: posts.length };
}
