import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseProxy, startDatabaseProxy } from '../setup/database-proxy.ts';
import { makeOwnBuild, type OwnBuild, type Standalone, serveStandalone } from '../setup/standalone.ts';

let build: OwnBuild;
let proxy: DatabaseProxy;
let site: Standalone;

beforeAll(async () => {
  build = await makeOwnBuild();
  await build.database.query(
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     SELECT 'late' || n, 'late-' || n, 'Late', 'Text.', true, now() - interval '9 years', now()
     FROM generate_series(1, 40) AS n`,
  );
  proxy = await startDatabaseProxy(build.database.address);
  site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: proxy.url }, build.folder);
  // Next.js logs a line of its own when it is loaded.
  await (await fetch(`${site.url}/support/offer.css`)).text();
});

afterAll(async () => {
  await site.stop();
  await proxy.stop();
  build.remove();
});

let asked = 0;

/** Requests pages that were never rendered, so each reads the database. */
function askForPages(count: number): Promise<{ status: number; after: number }[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      asked += 1;
      const start = performance.now();
      const { status } = await fetch(`${site.url}/posts/late-${asked}`);
      return { status, after: performance.now() - start };
    }),
  );
}

describe('pages while the database fails over', () => {
  it('are back within seconds after ten connections froze, with two lines in the log', async () => {
    // Readers waiting for a lock use up every connection of the pool.
    const lock = build.database.query('BEGIN; LOCK TABLE "Post"; SELECT pg_sleep(3); COMMIT');
    const warm = await askForPages(12);
    await lock;
    expect(warm.map(({ status }) => status)).toEqual(warm.map(() => 200));
    expect(proxy.open()).toBeGreaterThanOrEqual(10);

    const logged = site.log().length;
    proxy.freeze();
    const frozenAt = performance.now();
    const first = await askForPages(12);
    expect(Math.max(...first.map(({ after }) => after))).toBeLessThan(10_000);
    const next = await askForPages(12);
    expect(next.map(({ status }) => status)).toEqual(next.map(() => 200));
    expect(performance.now() - frozenAt).toBeLessThan(15_000);

    const lines = site.log().slice(logged).trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^database: No answer from the database /),
      expect.stringMatching(/^database: reachable again/),
    ]);
  });
});
