import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { tableName } from '#database/connection.ts';
import { readPostImages, type StoredImage } from '#posts/images.ts';
import type { DatabaseAddress } from '#secrets/index.ts';
import { normalText, type PostFile } from './post-file.ts';

/** A post in the database. */
export type StoredPost = Omit<PostFile, 'updatedAt'> & { updatedAt: Date };

/** What writing posts did, or would do. Each list has slugs. */
export type Changes = {
  created: string[];
  changed: string[];
  /** Posts whose file is gone. */
  unpublished: string[];
  unchanged: number;
  /** The number of images that were not stored yet. */
  images: number;
};

/** How posts are written. */
export type WriteOptions = {
  /** The bytes of a stored image, by its hash. */
  imageBytes: (hash: string) => Buffer;
  /** Unpublishes posts that were imported from a file that is no longer there. */
  prune?: boolean;
  /** Writes nothing. */
  dryRun?: boolean;
};

/** A number for `pg_advisory_xact_lock`: one import at a time. */
const IMPORT_LOCK = 72_707_370;

/** JSON has no dates, and `pg` would take a timestamp without a zone for local time. */
const iso = (column: string) => `to_char("${column}", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "${column}"`;

const COLUMNS = [
  '"slug", "title", "content", "published"',
  iso('publishedAt'),
  iso('updatedAt'),
  '"tags", "summary", "cover", "lang", "kind", "aliases", "extra", "images", "file"',
].join(', ');

const RECORD = `"id" TEXT, "slug" TEXT, "title" TEXT, "content" TEXT, "published" BOOLEAN, "publishedAt" TIMESTAMP(3),
  "updatedAt" TIMESTAMP(3), "tags" TEXT[], "summary" TEXT, "cover" TEXT, "lang" TEXT, "kind" TEXT, "aliases" TEXT[],
  "extra" JSONB, "images" JSONB, "file" TEXT`;

const WRITTEN = [...RECORD.matchAll(/"(\w+)"/g)].map(([quoted]) => quoted);

/**
 * Writes posts and their images in one transaction. A post that is the same in the database is not touched.
 *
 * @param client an open connection
 * @throws the errors of `pg`; nothing is written then
 */
export async function writePosts(
  client: pg.ClientBase,
  address: DatabaseAddress,
  posts: PostFile[],
  { imageBytes, prune = false, dryRun = false }: WriteOptions,
): Promise<Changes> {
  const table = tableName(address, 'Post');
  await client.query('BEGIN');
  try {
    // A timeout that is set for the role is meant for the queries of pages.
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCK]);
    const slugs = posts.map(({ slug }) => slug);
    const stored = new Map(
      (await readStoredPosts(client, address, slugs, !dryRun)).map((post) => [post.slug, post]),
    );
    const now = new Date();
    const created = posts.filter(({ slug }) => !stored.has(slug)).map((post) => newRow(post, now));
    const differing = posts.flatMap((post) => {
      const before = stored.get(post.slug);
      return (before && changedRow(post, before, now)) ?? [];
    });
    // A post whose file was only moved, or that has a file for the first time, is the same post.
    const changed = differing.filter(({ moved }) => !moved);
    const gone = prune ? `"file" <> '' AND "published" AND NOT "slug" = ANY($1::text[])` : undefined;
    const images = await missingImages(client, address, posts);
    let unpublished: string[] = [];
    if (dryRun) {
      if (gone)
        unpublished = slugsOf(await client.query(`SELECT "slug" FROM ${table} WHERE ${gone}`, [slugs]));
    } else {
      for (const image of images) await writeImage(client, address, image, imageBytes(image.hash));
      if (created.length + differing.length > 0)
        await upsert(client, table, [...created, ...differing.map(({ row }) => row)], 'update');
      if (gone) {
        const unpublish = `UPDATE ${table} SET "published" = false, "updatedAt" = now() AT TIME ZONE 'UTC' WHERE ${gone}`;
        unpublished = slugsOf(await client.query(`${unpublish} RETURNING "slug"`, [slugs]));
      }
    }
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT');
    return {
      created: created.map(({ slug }) => slug),
      changed: changed.map(({ row }) => row.slug),
      unpublished: unpublished.sort(),
      unchanged: posts.length - created.length - changed.length,
      images: images.length,
    };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Writes the posts that the database lacks; others stay as they are, also if two processes do it at the same time.
 *
 * @returns the number of posts written
 */
export async function writeMissingPosts(
  client: pg.ClientBase,
  address: DatabaseAddress,
  posts: PostFile[],
): Promise<number> {
  const now = new Date();
  return upsert(
    client,
    tableName(address, 'Post'),
    posts.map((post) => newRow(post, now)),
    'keep',
  );
}

/** Reads posts by their slugs, or all. */
export async function readStoredPosts(
  client: pg.ClientBase,
  address: DatabaseAddress,
  slugs?: string[],
  lock = false,
): Promise<StoredPost[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM ${tableName(address, 'Post')} WHERE $1::text[] IS NULL OR "slug" = ANY($1::text[])
     ORDER BY "file", "slug" ${lock ? 'FOR UPDATE' : ''}`,
    [slugs ?? null],
  );
  return rows.map((row) => ({
    ...row,
    publishedAt: row.publishedAt ? new Date(row.publishedAt) : undefined,
    updatedAt: new Date(row.updatedAt),
    images: readPostImages(row.images),
  }));
}

/** The bytes of a stored image; `undefined` if it is not stored. */
export async function readImageBytes(
  client: pg.ClientBase,
  address: DatabaseAddress,
  hash: string,
): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ content: Buffer }>(
    `SELECT "content" FROM ${tableName(address, 'Image')} WHERE "hash" = $1`,
    [hash],
  );
  return rows[0]?.content;
}

type Row = StoredPost & { id: string };

/** A post without a time of its last change has that of its publication, so that it is the same in every database. */
function newRow(post: PostFile, now: Date): Row {
  const publishedAt = post.publishedAt ?? (post.published ? now : undefined);
  return { ...post, id: newId(now), publishedAt, updatedAt: post.updatedAt ?? publishedAt ?? now };
}

/** `undefined` if the file says what the database has. `moved`: all but the file's path is the same. */
function changedRow(post: PostFile, before: StoredPost, now: Date): { row: Row; moved: boolean } | undefined {
  // A page needs no date of its own.
  const publishedAt = post.publishedAt ?? (post.published ? (before.publishedAt ?? now) : undefined);
  const { updatedAt: was, ...stored } = before;
  const { updatedAt: says, ...file } = { ...post, publishedAt };
  const same =
    (says === undefined || says.getTime() === was.getTime()) &&
    isDeepStrictEqual(file, { ...stored, file: file.file, content: normalText(stored.content) });
  if (same && file.file === stored.file) return undefined;
  return { row: { ...file, id: newId(now), updatedAt: says ?? (same ? was : now) }, moved: same };
}

let sequence = 0;

/** In the order in which they are made, since posts of one day are listed by their ids. */
function newId(now: Date): string {
  sequence = (sequence + 1) % 36 ** 4;
  const time = now.getTime().toString(36).padStart(9, '0');
  return `c${time}${sequence.toString(36).padStart(4, '0')}${randomBytes(6).toString('hex')}`;
}

/** One statement, so that the content log gets one row with every changed post. */
async function upsert(client: pg.ClientBase, table: string, rows: Row[], conflict: 'update' | 'keep') {
  const updates = WRITTEN.filter((column) => column !== '"id"' && column !== '"slug"');
  const action =
    conflict === 'keep'
      ? 'NOTHING'
      : `UPDATE SET ${updates.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  const { rowCount } = await client.query(
    `INSERT INTO ${table} (${WRITTEN.join(', ')})
     SELECT ${WRITTEN.join(', ')} FROM json_to_recordset($1::json) AS post(${RECORD})
     ON CONFLICT ("slug") DO ${action}`,
    [JSON.stringify(rows)],
  );
  return rowCount ?? 0;
}

async function missingImages(
  client: pg.ClientBase,
  address: DatabaseAddress,
  posts: PostFile[],
): Promise<StoredImage[]> {
  const wanted = new Map(
    posts.flatMap(({ images }) => Object.values(images)).map((image) => [image.hash, image]),
  );
  const { rows } = await client.query<{ hash: string }>(
    `SELECT "hash" FROM ${tableName(address, 'Image')} WHERE "hash" = ANY($1::text[])`,
    [[...wanted.keys()]],
  );
  for (const { hash } of rows) wanted.delete(hash);
  return [...wanted.values()];
}

async function writeImage(
  client: pg.ClientBase,
  address: DatabaseAddress,
  { hash, type, width, height }: StoredImage,
  content: Buffer,
): Promise<void> {
  await client.query(
    `INSERT INTO ${tableName(address, 'Image')} ("hash", "type", "width", "height", "content")
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT ("hash") DO NOTHING`,
    [hash, type, width, height, content],
  );
}

function slugsOf({ rows }: { rows: { slug: string }[] }): string[] {
  return rows.map(({ slug }) => slug);
}
