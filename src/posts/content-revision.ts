import { createHash } from 'node:crypto';
import { ask } from '#database/ask.ts';
import { tableName } from '#database/connection.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Milliseconds: long, because the query reads all published posts. */
const QUERY_TIMEOUT = 60_000;

/**
 * Hashes what the pages are generated from: the posts that readers may see now, which of their images are stored, and the newsletter's template if a provider has one.
 * All of that is public, so the hash may be a build argument.
 *
 * @param template any JSON value; `undefined` stands for the template in the source
 * @returns 16 hexadecimal digits
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function contentRevision(address: DatabaseAddress, template?: unknown): Promise<string> {
  // Whole rows, so that no column can be forgotten; each hashed on its own, so that the aggregate stays small.
  const [row] = await ask<{ digest: string; images: string[] }>(
    address,
    `WITH visible AS (
       SELECT * FROM ${tableName(address, 'Post')} WHERE "published" AND "publishedAt" <= now() AT TIME ZONE 'UTC'
     )
     SELECT
       (SELECT encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY digest), ''::bytea)), 'hex')
        FROM (SELECT sha256(convert_to(to_jsonb(visible)::text, 'UTF8')) AS digest FROM visible) AS row) AS digest,
       ARRAY(SELECT "hash" FROM ${tableName(address, 'Image')} WHERE "hash" IN (
         SELECT jsonb_path_query("images", '$.*.hash') #>> '{}' FROM visible WHERE "images" <> '{}'
       ) ORDER BY "hash") AS images`,
    QUERY_TIMEOUT,
  );
  const parts = [row?.digest ?? '', template ?? null, ...(row?.images ?? [])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
