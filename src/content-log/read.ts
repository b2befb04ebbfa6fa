import type { ClientBase } from 'pg';
import { tableName } from '#database/connection.ts';
import { identityOf } from '#database/identity.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** How far a process has read the content log of one database. Plain data: the image contains one as JSON. */
export type Position = {
  /** The database's identity: the position is meaningless in another one. */
  database: string;
  /** The transactions that were visible: a `pg_snapshot` as text. */
  snapshot: string;
  /** The database's clock, ISO 8601 with microseconds, UTC. Posts that became due since then count as changes. */
  at: string;
};

/** What changed between two positions. */
export type ContentChanges = {
  /** The log can't tell what changed: every page may be outdated. `posts` then contains every published slug. */
  everything: boolean;
  /** Pages that show several posts may be outdated. */
  lists: boolean;
  /** Whether readers may see each changed post now, by slug. */
  posts: Map<string, boolean>;
};

/** One read of the log. */
export type LogRead = {
  position: Position;
  changes: ContentChanges;
  /** Milliseconds until the next scheduled post is due; `undefined` if none is scheduled. */
  nextDue: number | undefined;
};

type Row = {
  snapshot: string;
  at: string;
  missed: boolean;
  tags: string[];
  posts: string[];
  visible: string[];
  next_due: number | null;
};

/** Whether readers may see a post, by the database's clock: the same condition for lists, posts and the log. */
const DUE = `"published" AND "publishedAt" <= now() AT TIME ZONE 'UTC'`;

/**
 * A single statement, and so a single snapshot: the changes that were not visible at the position, and the new position.
 * `$1` is the position's snapshot, `$2` its time, `$3` whether to list all published slugs.
 */
const read = (table: (name: string) => string) => `
WITH log AS (
  SELECT DISTINCT unnest("tags") AS tag FROM ${table('ContentChange')}
  WHERE "xid" >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot("xid", $1::pg_snapshot)
), changed AS (
  SELECT substr(tag, 6) AS slug FROM log WHERE tag LIKE 'post:%'
  UNION
  SELECT "slug" FROM ${table('Post')} WHERE ${DUE} AND "publishedAt" > $2::timestamptz AT TIME ZONE 'UTC'
), state AS (
  SELECT "prunedXid" >= pg_snapshot_xmin($1::pg_snapshot)
    OR pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS missed
  FROM ${table('ContentLog')}
)
SELECT
  pg_current_snapshot()::text AS snapshot,
  to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  coalesce((SELECT missed FROM state), true) AS missed,
  ARRAY(SELECT tag FROM log WHERE tag NOT LIKE 'post:%') AS tags,
  ARRAY(SELECT slug FROM changed) AS posts,
  ARRAY(SELECT "slug" FROM ${table('Post')} WHERE ${DUE} AND ($3::boolean OR "slug" IN (SELECT slug FROM changed))) AS visible,
  (SELECT extract(epoch FROM min("publishedAt") - now() AT TIME ZONE 'UTC') * 1000
   FROM ${table('Post')} WHERE "published" AND "publishedAt" > now() AT TIME ZONE 'UTC')::float8 AS next_due`;

/**
 * Reads what changed since a position; without one, everything. Read access is enough.
 *
 * @throws the errors of `pg`; SQLSTATE 42P01 if the database has no content log yet
 */
export async function readContentLog(
  client: ClientBase,
  address: DatabaseAddress,
  since: Position | undefined,
): Promise<LogRead> {
  const database = await identityOf(client, address);
  return readLog(client, address, database, since?.database === database ? since : undefined);
}

/** Like {@link readContentLog}, if the identity of the database is already known. */
export async function readLog(
  client: ClientBase,
  address: DatabaseAddress,
  database: string,
  since: Position | undefined,
): Promise<LogRead> {
  const statement = read((name) => tableName(address, name));
  const first = await query(client, statement, since);
  const everything = since === undefined || first.missed || first.tags.includes('all');
  // Rare, so the usual read does not list all posts. The second read is newer, and complete in itself.
  const row = everything && since !== undefined ? await query(client, statement, undefined) : first;
  const visible = new Set(row.visible);
  const changed = everything ? row.visible : row.posts;
  return {
    position: { database, snapshot: row.snapshot, at: row.at },
    changes: {
      everything,
      lists: everything || changed.length > 0 || first.tags.includes('lists'),
      posts: new Map(changed.map((slug) => [slug, visible.has(slug)])),
    },
    nextDue: row.next_due ?? undefined,
  };
}

async function query(client: ClientBase, statement: string, since: Position | undefined): Promise<Row> {
  const values = [since?.snapshot ?? null, since?.at ?? null, since === undefined];
  const { rows } = await client.query<Row>(statement, values);
  const [row] = rows;
  if (!row) throw new Error('The content log did not answer.');
  return row;
}
