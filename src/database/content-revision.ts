import pg from 'pg';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import { maskError } from '#secrets/masking.ts';
import { connectionConfig, tableName } from './connection.ts';
import { databaseProblem } from './problem.ts';

/**
 * A name for what the published posts say now: 16 hexadecimal digits that change when a page would.
 * It hashes what is public anyway, so it may stand in a build argument. Throws `DatabaseUnavailable`.
 */
export async function contentRevision(address: DatabaseAddress): Promise<string> {
  const client = new pg.Client(connectionConfig(address));
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Rows are hashed one by one, so that the aggregate stays small however long the posts are.
    const { rows } = await client.query<{ revision: string }>(`
      SELECT left(encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY "slug"), ''::bytea)), 'hex'), 16) AS revision
      FROM (
        SELECT "slug", sha256(convert_to(
          jsonb_build_array("slug", "title", "content", "publishedAt", "updatedAt")::text, 'UTF8')) AS digest
        FROM ${tableName(address, 'Post')} WHERE "published"
      ) AS post`);
    return rows[0]?.revision ?? '';
  } catch (error) {
    throw databaseProblem(error, address) ?? maskError(error);
  } finally {
    await client.end();
  }
}
