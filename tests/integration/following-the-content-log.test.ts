import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ContentLog, type Following, followContentLog } from '#content-log/follow.ts';
import type { ContentChanges } from '#content-log/read.ts';
import { migrate } from '#database/migrate.ts';
import { disconnect } from '#database/open-client.ts';
import { skipSuite } from '../setup/capability.ts';
import { createDatabase, type TestDatabase, writePosts } from '../setup/database.ts';
import { startDatabaseProxy } from '../setup/database-proxy.ts';
import { hasPgBouncer, startPgBouncer } from '../setup/pgbouncer.ts';

let database: TestDatabase;
let followed: ContentLog | undefined;
let stops: (() => void | Promise<void>)[] = [];
const seen: { at: number; changes: ContentChanges }[] = [];
const lines: string[] = [];

beforeEach(async () => {
  database = await createDatabase({ migrated: true });
  await writePosts(database, 3);
  vi.stubEnv('DATABASE_URL', database.url);
});

afterEach(async () => {
  await followed?.stop();
  for (const stop of stops.reverse()) await stop();
  stops = [];
  followed = undefined;
  seen.length = lines.length = 0;
  vi.unstubAllEnvs();
  await disconnect();
});

async function follow(options: Partial<Following> = {}): Promise<ContentLog> {
  followed = followContentLog({
    since: undefined,
    pollSeconds: 1,
    onChanges: (changes) => seen.push({ at: performance.now(), changes }),
    log: (line) => lines.push(line),
    ...options,
  });
  await followed.readOn();
  seen.length = 0;
  return followed;
}

let edits = 0;

/**
 * Edits a post.
 * @returns milliseconds until the follower knew
 */
async function reactionTo(slug: string, limit = 5_000): Promise<number> {
  const before = seen.length;
  await database.query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, `Edited ${++edits}`]);
  const committed = performance.now();
  await vi.waitFor(
    () => expect(seen.slice(before).some(({ changes }) => changes.posts.get(slug))).toBe(true),
    { timeout: limit, interval: 5 },
  );
  return (seen.at(-1)?.at ?? Infinity) - committed;
}

describe('a process that follows the content log', () => {
  it('learns of a change within 0.2 s if PostgreSQL can notify it', async () => {
    await follow({ pollSeconds: 60 });
    const times = [];
    for (let round = 0; round < 10; round++) times.push(await reactionTo(`post-${(round % 3) + 1}`));
    expect(Math.max(...times)).toBeLessThan(200);
  });

  it('learns of a change within two seconds through PgBouncer in transaction mode', async ({ skip }) => {
    if (!hasPgBouncer) {
      skipSuite('pgbouncer', 'There is no PgBouncer. Install pgbouncer.');
      skip();
    }
    const bouncer = await startPgBouncer(database.address);
    stops.push(bouncer.stop);
    vi.stubEnv('DATABASE_URL', bouncer.url);
    await follow();
    for (let round = 0; round < 3; round++) expect(await reactionTo('post-1')).toBeLessThan(2_000);
  });

  it('continues from its position after its connection was cut', async () => {
    await follow();
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sealed' AND datname = current_database()`,
    );
    await reactionTo('post-2');
    expect(seen.some(({ changes }) => changes.everything)).toBe(false);
  });

  it('continues from its position after a fail-over that left its connection open and silent', async () => {
    const proxy = await startDatabaseProxy(database.address);
    stops.push(proxy.stop);
    vi.stubEnv('DATABASE_URL', proxy.url);
    const log = await follow();
    proxy.freeze();
    await database.query(`UPDATE "Post" SET "title" = 'Meanwhile' WHERE "slug" = 'post-3'`);
    expect(await log.readOn()).toBe(false);
    await vi.waitFor(
      () => expect(seen.map(({ changes }) => [...changes.posts])).toEqual([[['post-3', true]]]),
      5_000,
    );
  });

  it('logs once that the content log is missing, and follows it once it exists', async () => {
    database = await createDatabase({ migrated: false });
    vi.stubEnv('DATABASE_URL', database.url);
    const log = await follow();
    expect(await log.readOn()).toBe(false);
    expect(lines).toEqual([
      'The database has no content log, so changes are not seen. Run the command migrate.',
    ]);
    await migrate(database.address, 'prisma/migrations');
    expect(await log.readOn()).toBe(true);
    expect(lines.length).toBe(2);
  });

  it('reads only on request and keeps no connection, with a poll interval of 0', async () => {
    const log = await follow({ pollSeconds: 0 });
    const connections = () =>
      database.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'sealed' AND datname = current_database()`,
      );
    await vi.waitFor(async () => expect(await connections()).toEqual([]));
    await database.query(`UPDATE "Post" SET "title" = 'Other' WHERE "slug" = 'post-1'`);
    expect(seen).toEqual([]);
    await log.readOn();
    expect(seen.map(({ changes }) => [...changes.posts])).toEqual([[['post-1', true]]]);
  });

  it.each([0, 60])(
    'sees a scheduled post when it is due, with a poll interval of %i s',
    async (pollSeconds) => {
      await database.query(
        `UPDATE "Post" SET "publishedAt" = now() + interval '1.5 seconds' WHERE "slug" = 'post-1'`,
      );
      await follow({ pollSeconds });
      await vi.waitFor(
        () => expect(seen.map(({ changes }) => [...changes.posts])).toEqual([[['post-1', true]]]),
        4_000,
      );
    },
  );

  it('gives a caller every change that was committed before the call', async () => {
    const log = await follow({ pollSeconds: 60 });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    stops.push(() => client.end());
    for (let round = 0; round < 20; round++) {
      void log.readOn();
      seen.length = 0;
      await client.query('UPDATE "Post" SET "title" = $1 WHERE "slug" = \'post-1\'', [`Round ${round}`]);
      expect(await log.readOn()).toBe(true);
      expect(seen.some(({ changes }) => changes.posts.has('post-1'))).toBe(true);
    }
  });
});
