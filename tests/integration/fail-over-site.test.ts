import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseProxy, startDatabaseProxy } from '../setup/database-proxy.ts';
import { queryOfSite, type Standalone, serveStandalone, siteAddress } from '../setup/standalone.ts';

let proxy: DatabaseProxy;
let site: Standalone;

beforeAll(async () => {
  proxy = await startDatabaseProxy(siteAddress());
  site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: proxy.url });
});

afterAll(async () => {
  await site.stop();
  await proxy.stop();
});

let asked = 0;

/** Asks for pages that were never rendered, so that each reads the database. */
function askForPages(count: number): Promise<{ status: number; after: number }[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      asked += 1;
      const start = performance.now();
      const { status } = await fetch(`${site.url}/posts/nonesuch-${asked}`);
      return { status, after: performance.now() - start };
    }),
  );
}

describe('pages while the database fails over', () => {
  it('are back within seconds after ten connections have frozen, with two lines in the log', async () => {
    // Readers who wait for a lock take every connection of the pool.
    const lock = queryOfSite('BEGIN; LOCK TABLE "Post"; SELECT pg_sleep(3); COMMIT');
    const warm = await askForPages(12);
    await lock;
    expect(warm.map(({ status }) => status)).toEqual(warm.map(() => 404));
    expect(proxy.open()).toBeGreaterThanOrEqual(10);

    const logged = site.log().length;
    proxy.freeze();
    const frozenAt = performance.now();
    const first = await askForPages(12);
    expect(Math.max(...first.map(({ after }) => after))).toBeLessThan(10_000);
    const next = await askForPages(12);
    expect(next.map(({ status }) => status)).toEqual(next.map(() => 404));
    expect(performance.now() - frozenAt).toBeLessThan(15_000);

    const lines = site.log().slice(logged).trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^database: No answer from the database /),
      'database: reachable again',
    ]);
  });
});
