import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { withConnection } from '#database/ask.ts';
import type { DatabaseAddress } from '#secrets/index.ts';
import { formatPost } from './format.ts';
import { IMPORT_TIMEOUT } from './import.ts';
import { readImageBytes, readStoredPosts, type StoredPost } from './stored-posts.ts';

/** What an export wrote. */
export type Exported = {
  posts: number;
  images: number;
  /** The number of files that already had the same content. */
  unchanged: number;
  /** One sentence for each image that is not in the database. */
  warnings: string[];
};

/**
 * Writes every post to the file that it was imported from, or to `<slug>.md`, and its images to where its text expects
 * them. Other files in the folder stay.
 *
 * @throws DatabaseUnavailable if the database can't be used
 * @throws Error if a file would be outside of the folder
 */
export async function exportPosts(
  address: DatabaseAddress,
  folder: string,
  { onProgress }: { onProgress?: (done: number, total: number) => void } = {},
): Promise<Exported> {
  mkdirSync(folder, { recursive: true });
  const root = realpathSync(folder);
  return withConnection(address, IMPORT_TIMEOUT, async (client) => {
    // One snapshot for posts and images.
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const plan = planFiles(await readStoredPosts(client, address));
    const exported: Exported = { posts: plan.posts.size, images: 0, unchanged: 0, warnings: [] };
    const total = plan.posts.size + plan.images.size;
    let done = 0;
    const write = (path: string, content: Buffer) => {
      if (!writeIfChanged(root, path, content)) exported.unchanged++;
      onProgress?.(++done, total);
    };
    for (const [file, post] of plan.posts) write(file, Buffer.from(formatPost(post, file)));
    for (const [path, hash] of plan.images) {
      const bytes = await readImageBytes(client, address, hash);
      if (bytes) {
        write(path, bytes);
        exported.images++;
      } else exported.warnings.push(`The image ${path} is not in the database, so it is left out.`);
    }
    await client.query('COMMIT');
    return exported;
  });
}

/** Paths relative to the folder, with forward slashes. */
type Plan = { posts: Map<string, StoredPost>; images: Map<string, string> };

function planFiles(posts: StoredPost[]): Plan {
  const plan: Plan = { posts: new Map(), images: new Map() };
  const taken = new Set<string>();
  for (const post of posts) {
    const file = candidates(post).find(
      (path) => !taken.has(path.toLowerCase()) && imagesFit(post, path, plan.images),
    );
    if (file === undefined)
      throw new Error(`The images of ${post.slug} have the names of other images. Rename them in its text.`);
    taken.add(file.toLowerCase());
    plan.posts.set(file, post);
    for (const [path, hash] of imagePaths(post, file)) plan.images.set(path, hash);
  }
  return plan;
}

/** Where a post can be: images are found from the same folder, or from one of its own. */
function candidates({ file, slug, published }: StoredPost): string[] {
  // What is in a folder of drafts is one.
  const fits = isInside(file) && !(published && file.split('/').includes('_drafts'));
  const known = fits && /\.(?:md|markdown|mdx)$/i.test(file) ? [file] : [];
  const folder = known.length > 0 ? posix.dirname(file) : '';
  return [...known, posix.join(folder, `${slug}.md`), posix.join(folder, slug, 'index.md')];
}

function imagesFit(post: StoredPost, file: string, images: Map<string, string>): boolean {
  return imagePaths(post, file).every(
    ([path, hash]) => isInside(path) && (images.get(path) ?? hash) === hash,
  );
}

function imagePaths({ images }: StoredPost, file: string): [path: string, hash: string][] {
  return Object.entries(images).map(([key, { hash }]) => [
    key.startsWith('/') ? posix.join(key.slice(1)) : posix.join(posix.dirname(file), key),
    hash,
  ]);
}

function isInside(path: string): boolean {
  const normal = posix.normalize(path);
  return !normal.startsWith('/') && normal.split('/')[0] !== '..' && !/[\\\0]|^[a-z]:/i.test(path);
}

/** Leaves a file that has the content, so that its time stays. Returns whether it was written. */
function writeIfChanged(root: string, path: string, content: Buffer): boolean {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  const real = existsSync(file) ? realpathSync(file) : realpathSync(dirname(file));
  const way = relative(root, real);
  if (way === '..' || way.startsWith(`..${sep}`))
    throw new Error(`${path} leads out of the folder by a symbolic link. Remove the link.`);
  if (existsSync(file) && readFileSync(file).equals(content)) return false;
  writeFileSync(file, content);
  return true;
}
