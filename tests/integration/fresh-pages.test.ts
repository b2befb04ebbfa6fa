import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as elapsed } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { skipSuite } from '../setup/capability.ts';
import { runNode } from '../setup/command.ts';
import { createDatabase } from '../setup/database.ts';
import { startDatabaseProxy } from '../setup/database-proxy.ts';
import { hasPgBouncer, startPgBouncer } from '../setup/pgbouncer.ts';
import { makeOwnBuild, type OwnBuild, type Standalone, serveStandalone } from '../setup/standalone.ts';

const POST = 'a-secret-has-a-phase';

let build: OwnBuild;
let changes = 0;
const stops: (() => unknown)[] = [];

// Each test starts a server or two, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

beforeAll(async () => {
  build = await makeOwnBuild();
  // So that the first list shows it.
  await build.database.query('UPDATE "Post" SET "publishedAt" = now() WHERE "slug" = $1', [POST]);
});

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

afterAll(() => build.remove());

async function start(url = build.database.url, variables: Record<string, string> = {}): Promise<Standalone> {
  const site = await serveStandalone(
    { DATABASE_URL_FILE: '', DATABASE_URL: url, ...variables },
    build.folder,
  );
  stops.push(site.stop);
  await warm(site);
  return site;
}

/** Waits until Next.js is loaded, with the code for a list and for a post. */
async function warm(site: Standalone): Promise<void> {
  await read(site, '/support/offer.css');
  await build.database.query('SELECT content_changed_all()');
  for (const path of ['/', `/posts/${POST}`]) await read(site, path);
}

async function read({ url }: Standalone, path: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(url + path);
  return { status: answer.status, body: await answer.text() };
}

async function shows(site: Standalone, path: string, text: string): Promise<boolean> {
  return (await read(site, path)).body.includes(text);
}

/** Timeout for a server that is starting on a busy machine. */
const PATIENCE = { timeout: 20_000, interval: 50 };

/**
 * Changes a post by SQL.
 * @returns its new title
 */
async function retitle(slug = POST): Promise<string> {
  const title = `Version ${++changes} of it`;
  await build.database.query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, title]);
  return title;
}

async function publish(slug: string, publishedAt = 'now()'): Promise<void> {
  await build.database.query(
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     VALUES ($1, $1, 'Title of ' || $1, 'Text.', true, ${publishedAt}, now())`,
    [slug],
  );
}

/**
 * Waits until both the page and the list of each site have a text.
 * @returns milliseconds
 */
async function reach(sites: Standalone[], title: string): Promise<number> {
  const begin = performance.now();
  await vi.waitFor(
    async () => {
      for (const site of sites)
        for (const path of ['/', `/posts/${POST}`]) expect(await shows(site, path, title)).toBe(true);
    },
    { ...PATIENCE, interval: 20 },
  );
  return performance.now() - begin;
}

/** Milliseconds from a commit to the page and the list: the best of five, since the machine is shared. */
async function reactionOf(sites: Standalone[]): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) times.push(await reach(sites, await retitle()));
  return Math.min(...times);
}

describe('a change by SQL', () => {
  it('is on two servers, on the page and in the list, within two seconds', async () => {
    expect(await reactionOf([await start(), await start()])).toBeLessThan(2_000);
  });

  it('is on a server behind PgBouncer in transaction mode within two seconds', async ({ skip }) => {
    if (!hasPgBouncer) {
      skipSuite('pgbouncer', 'There is no PgBouncer. Install pgbouncer.');
      skip();
    }
    const bouncer = await startPgBouncer(build.database.address);
    stops.push(bouncer.stop);
    expect(await reactionOf([await start(bouncer.url)])).toBeLessThan(2_000);
  });

  it('is still there after a restart, like everything else that is newer than the image', async () => {
    const before = await start();
    await reach([before], await retitle());
    await before.stop();
    const title = await retitle();
    await publish('written-after-the-image');
    const after = await start();
    await vi.waitFor(async () => {
      for (const path of ['/', `/posts/${POST}`]) expect(await shows(after, path, title)).toBe(true);
      expect(await shows(after, '/', 'Title of written-after-the-image')).toBe(true);
    }, PATIENCE);
    expect((await read(after, '/posts/written-after-the-image')).status).toBe(200);
  });
});

describe('a server that must not wake its database, with CONTENT_LOG_POLL_SECONDS=0', () => {
  it('keeps no connection, and sees changes when it renders something or is notified', async () => {
    const own = await makeOwnBuild();
    stops.push(own.remove);
    const token = 'a-token-of-at-least-32-characters';
    const site = await serveStandalone(
      {
        DATABASE_URL_FILE: '',
        DATABASE_URL: own.database.url,
        CONTENT_LOG_POLL_SECONDS: '0',
        REVALIDATE_TOKEN: token,
      },
      own.folder,
    );
    stops.push(site.stop);
    const connections = () =>
      own.database.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'sealed' AND datname = current_database()`,
      );
    await vi.waitFor(async () => expect(await connections()).toEqual([]), PATIENCE);
    await own.database.query(`UPDATE "Post" SET "title" = 'Told of' WHERE "slug" = $1`, [POST]);
    await elapsed(1_500);
    expect(await shows(site, `/posts/${POST}`, 'Told of')).toBe(false);
    expect(await connections()).toEqual([]);
    const answer = await fetch(`${site.url}/revalidate`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: '{"slug":"nonesuch"}',
    });
    expect(answer.status).toBe(200);
    await vi.waitFor(async () => expect(await shows(site, `/posts/${POST}`, 'Told of')).toBe(true), PATIENCE);
  });

  it.each(['often', '-1', '0.5'])('does not start with %s', async (value) => {
    const site = runNode(build.folder, [join(build.folder, 'sealed.js')], {
      CONTENT_LOG_POLL_SECONDS: value,
      PORT: '0',
    });
    expect(await site.ended).toBe(1);
    expect(site.output()).toContain(
      'CONTENT_LOG_POLL_SECONDS is not a number of seconds. Set it to a whole number from 0 to 86400.',
    );
  });
});

describe('a post that is not public', () => {
  it('is gone from its page and the lists as soon as it is withdrawn, and stays gone after a restart', async () => {
    const slug = 'withdrawn-soon';
    await publish(slug);
    const site = await start();
    await vi.waitFor(async () => expect(await shows(site, '/', slug)).toBe(true), PATIENCE);
    expect((await read(site, `/posts/${slug}`)).status).toBe(200);
    await build.database.query('UPDATE "Post" SET "published" = false WHERE "slug" = $1', [slug]);
    await vi.waitFor(async () => expect((await read(site, `/posts/${slug}`)).status).toBe(404), PATIENCE);
    for (const path of ['/', `/older/${slug}`, '/newsletter/mail', `/posts/${slug}`])
      expect([path, await shows(site, path, slug)]).toEqual([path, false]);
    const again = await start();
    for (const path of ['/', `/older/${slug}`, '/newsletter/mail', `/posts/${slug}`])
      expect([path, await shows(again, path, slug)]).toEqual([path, false]);
  });

  it('is withdrawn even if the image has its page, and even if that happened while no server ran', async () => {
    const [row] = await build.database.query<{ slug: string }>(
      `SELECT "slug" FROM "Post" WHERE "published" AND "slug" <> $1 AND "publishedAt" < now() - interval '1 minute'
       ORDER BY "publishedAt" DESC LIMIT 1`,
      [POST],
    );
    const slug = row?.slug ?? '';
    const site = await start();
    expect((await read(site, `/posts/${slug}`)).status).toBe(200);
    await site.stop();
    await build.database.query('DELETE FROM "Post" WHERE "slug" = $1', [slug]);
    const again = await start();
    expect((await read(again, `/posts/${slug}`)).status).toBe(404);
    expect(await shows(again, '/', `/posts/${slug}"`)).toBe(false);
  });

  it('is in no response while it is a draft, and appears on its date if it is scheduled', async () => {
    await build.database.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "updatedAt")
       VALUES ('kept-as-draft', 'kept-as-draft', 'A draft', 'Text.', now())`,
    );
    const site = await start();
    await publish('scheduled-later', `now() + interval '1 day'`);
    await publish('scheduled-soon', `now() + interval '3 seconds'`);
    for (const slug of ['kept-as-draft', 'scheduled-later']) {
      for (const path of ['/', `/posts/${slug}`, `/older/${slug}`, '/newsletter/mail'])
        expect([path, await shows(site, path, slug)]).toEqual([path, false]);
      expect((await read(site, `/posts/${slug}`)).status).toBe(404);
    }
    await vi.waitFor(async () => {
      expect((await read(site, '/posts/scheduled-soon')).status).toBe(200);
      expect(await shows(site, '/', 'scheduled-soon')).toBe(true);
    }, PATIENCE);
    expect((await read(site, '/posts/kept-as-draft')).status).toBe(404);
  });
});

describe('readers', () => {
  it('never see an older version after a newer one, and all have the newest two seconds after 1,000 changes', async () => {
    const slugs = ['moving-1', 'moving-2', 'moving-3'];
    for (const slug of slugs) await publish(slug);
    const site = await start();
    await vi.waitFor(async () => {
      for (const slug of slugs) expect((await read(site, `/posts/${slug}`)).status).toBe(200);
    }, PATIENCE);
    const client = new pg.Client({ connectionString: build.database.url });
    await client.connect();
    stops.push(() => client.end());
    let done = false;
    let reads = 0;
    const backwards: string[] = [];
    const reader = async () => {
      const seen = new Map<string, number>();
      for (let turn = 0; !done; turn++) {
        const slug = slugs[turn % slugs.length] ?? '';
        const { status, body } = await read(site, `/posts/${slug}`);
        const version = Number(/Moved (\d+) times/.exec(body)?.[1] ?? 0);
        if (status !== 200 || version < (seen.get(slug) ?? 0))
          backwards.push(`${slug}: ${status}, ${version} after ${seen.get(slug)}`);
        seen.set(slug, version);
        reads += 1;
      }
    };
    const readers = Array.from({ length: 4 }, reader);
    const newest = new Map<string, number>();
    for (let change = 1; change <= 1_000; change++) {
      const slug = slugs[Math.floor(Math.random() * slugs.length)] ?? '';
      newest.set(slug, change);
      await client.query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, `Moved ${change} times`]);
    }
    await elapsed(2_000);
    done = true;
    await Promise.all(readers);
    expect(backwards).toEqual([]);
    expect(reads).toBeGreaterThan(100);
    for (const [slug, change] of newest) {
      await read(site, `/posts/${slug}`);
      expect(await shows(site, `/posts/${slug}`, `Moved ${change} times`)).toBe(true);
    }
  }, 60_000);

  it('cause one render of an expired page, even a thousand of them', async () => {
    const { database, folder, remove } = await makeOwnBuild();
    stops.push(remove);
    // Each row that a render reads advances a sequence: the policy is evaluated for every row unless the owner reads
    // it.
    await database.query(`CREATE ROLE counted LOGIN PASSWORD 'change-me'`);
    await database.query(`
      CREATE SEQUENCE renders;
      ALTER TABLE "Post" ENABLE ROW LEVEL SECURITY;
      CREATE POLICY counting ON "Post" USING
        (CASE WHEN current_query() LIKE '%"content"%' AND "slug" = '${POST}' THEN nextval('renders') > 0 ELSE true END);
      GRANT USAGE ON SCHEMA public TO counted;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO counted;
      GRANT USAGE ON SEQUENCE renders TO counted`);
    stops.push(() => database.query('DROP OWNED BY counted; DROP ROLE counted'));
    const { host, port, database: name } = database.address;
    const url = `postgresql://counted:change-me@${host}:${port}/${name}`;
    const site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: url }, folder);
    stops.push(site.stop);
    const rendersOf = async (readers: number, title: string): Promise<number> => {
      const count = async () => {
        const rows = await database.query<{ last: string }>('SELECT last_value AS last FROM renders');
        return Number(rows[0]?.last);
      };
      await database.query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [POST, title]);
      await elapsed(500);
      const before = await count();
      const bodies = await Promise.all(
        Array.from({ length: readers }, async () => (await read(site, `/posts/${POST}`)).body),
      );
      expect(
        new Set(bodies.map((body) => createHash('sha256').update(body).digest('hex'))).size,
      ).toBeLessThan(3);
      await vi.waitFor(async () => expect(await shows(site, `/posts/${POST}`, title)).toBe(true), PATIENCE);
      return (await count()) - before;
    };
    await rendersOf(1, 'Warm');
    const cost = await rendersOf(1, 'For one');
    expect(cost).toBeGreaterThan(0);
    expect(await rendersOf(1_000, 'For a thousand')).toBe(cost);
  });
});

describe('a server whose database', () => {
  it("differs from the image's shows its own content, and nothing of the image", async () => {
    const other = await createDatabase({ migrated: true });
    await other.query(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       VALUES ('x', 'only-here', 'Only here', 'Text.', true, now() - interval '1 day', now())`,
    );
    const site = await start(other.url);
    await vi.waitFor(async () => expect(await shows(site, '/', 'Only here')).toBe(true), PATIENCE);
    expect(await shows(site, '/', POST)).toBe(false);
    expect((await read(site, `/posts/${POST}`)).status).toBe(404);
    expect((await read(site, '/posts/only-here')).status).toBe(200);
  });

  it('is not migrated serves the pages of the image, and names the command once', async () => {
    const empty = await createDatabase({ migrated: false });
    const site = await start(empty.url);
    for (const path of ['/', `/posts/${POST}`]) expect((await read(site, path)).status).toBe(200);
    expect(site.log().match(/no content log.*migrate\./g)).toHaveLength(1);
    expect((await read(site, '/posts/nonesuch')).status).toBe(404);
  });

  it("has pruned its log past the image's position shows nothing that is outdated", async () => {
    const own = await makeOwnBuild();
    stops.push(own.remove);
    await own.database.query(`UPDATE "Post" SET "title" = 'Changed long ago' WHERE "slug" = $1`, [POST]);
    await own.database.query(`UPDATE "ContentLog" SET "prunedXid" = pg_current_xact_id()`);
    await own.database.query(`DELETE FROM "ContentChange"`);
    const site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: own.database.url }, own.folder);
    stops.push(site.stop);
    await vi.waitFor(
      async () => expect(await shows(site, `/posts/${POST}`, 'Changed long ago')).toBe(true),
      PATIENCE,
    );
  });

  it.each([
    ['stopped', 'refuse'],
    ['frozen', 'freeze'],
  ] as const)(
    'is %s keeps every page that existed, and answers 503 for one that was never rendered',
    async (_, how) => {
      const proxy = await startDatabaseProxy(build.database.address);
      stops.push(proxy.stop);
      const site = await start(proxy.url);
      await publish(`not-rendered-${how}`);
      const title = await retitle();
      await vi.waitFor(async () => {
        expect(await shows(site, '/', `not-rendered-${how}`)).toBe(true);
        expect(await shows(site, `/posts/${POST}`, title)).toBe(true);
      }, PATIENCE);
      await retitle();
      if (how === 'freeze') proxy.freeze();
      else proxy.refuse(true);
      const [known, list, unknown, never] = await Promise.all(
        [`/posts/${POST}`, '/', '/posts/nonesuch', `/posts/not-rendered-${how}`].map((path) =>
          read(site, path),
        ),
      );
      expect([known?.status, list?.status, unknown?.status]).toEqual([200, 200, 404]);
      if (how === 'refuse') {
        expect(never?.status).toBe(503);
        proxy.refuse(false);
      } else expect([200, 503]).toContain(never?.status);
      const last = await retitle();
      await reach([site], last);
      expect((await read(site, `/posts/not-rendered-${how}`)).status).toBe(200);
    },
    40_000,
  );
});
