import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { database } from '#database/client.ts';
import { disconnect } from '#database/open-client.ts';
import { logReachability } from '#database/reachability.ts';
import { watchDatabase } from '#database/watch.ts';
import { createDatabase, writePosts } from '../setup/database.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../setup/database-proxy.ts';

/** Connections in the pool while serving. */
const POOL = 10;

/** Milliseconds within which a query on a new connection is answered: well below the timeout of a query that is not. */
const SOON = 3_000;

const count = () => database().post.count();

/** How a query ended, and after how many milliseconds. */
async function timed(query: () => Promise<unknown>): Promise<{ answered: boolean; after: number }> {
  const start = performance.now();
  const answered = await query().then(
    () => true,
    () => false,
  );
  return { answered, after: performance.now() - start };
}

describe('the database client while the database fails over', () => {
  let proxy: DatabaseProxy;
  let log: string[];

  beforeEach(async () => {
    const behind = await createDatabase({ migrated: true });
    await writePosts(behind, 5);
    proxy = await startDatabaseProxy(behind.address);
    vi.stubEnv('DATABASE_URL', proxy.url);
    log = [];
    logReachability((line) => log.push(line));
    await Promise.all(Array.from({ length: POOL * 2 }, count));
    expect(proxy.open()).toBe(POOL);
  });

  afterEach(async () => {
    await disconnect();
    await proxy.stop();
    vi.unstubAllEnvs();
  });

  const expectTwoLines = () =>
    expect(log).toEqual([
      expect.stringMatching(/^database: No answer from the database /),
      'database: reachable again',
    ]);

  it('recovers from a full pool of frozen connections', async () => {
    proxy.freeze();
    const first = await Promise.all(Array.from({ length: POOL + 2 }, () => timed(count)));
    expect(Math.max(...first.map(({ after }) => after))).toBeLessThan(10_000);
    const next = await Promise.all(Array.from({ length: POOL + 2 }, () => timed(count)));
    expect(next.every(({ answered, after }) => answered && after < SOON)).toBe(true);
    expectTwoLines();
  });

  it('recovers with the first query that times out, for the idle connections too', async () => {
    proxy.freeze();
    expect(await timed(count)).toMatchObject({ answered: false });
    for (let query = 0; query < POOL; query++)
      expect((await timed(count)).after, `query ${query}`).toBeLessThan(SOON);
    expectTwoLines();
    await vi.waitFor(() => expect(proxy.open()).toBe(1));
  });

  it('logs one loss and one recovery, even if queries that started earlier still fail', async () => {
    proxy.freeze();
    const early = count().catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const late = count().catch((error: Error) => error);
    expect(await early).toBeInstanceOf(Error);
    expect(await count()).toBe(5);
    expect(await late).toBeInstanceOf(Error);
    expect(await count()).toBe(5);
    expectTwoLines();
  });

  it('recovers from transactions and batches of queries that time out', async () => {
    const transaction = () => database().$transaction((within) => within.post.count(), { maxWait: 10_000 });
    const batch = () => database().$transaction([database().post.count()]);
    const eachHalf = () =>
      Promise.all(
        [transaction, batch].flatMap((query) => Array.from({ length: POOL / 2 }, () => timed(query))),
      );
    proxy.freeze();
    const failed = await eachHalf();
    expect(failed.filter(({ answered, after }) => answered || after > 10_000)).toEqual([]);
    const next = await eachHalf();
    expect(next.filter(({ answered, after }) => !answered || after > SOON)).toEqual([]);
  });

  it('recovers from a transaction that freezes halfway', async () => {
    const halfway = () =>
      database().$transaction(
        async (within) => {
          await within.post.count();
          proxy.freeze();
          await within.post.count();
        },
        { timeout: 20_000 },
      );
    const { answered, after } = await timed(halfway);
    expect(answered).toBe(false);
    expect(after).toBeLessThan(10_000);
    const next = await Promise.all(Array.from({ length: POOL }, () => timed(count)));
    expect(next.filter(({ answered, after }) => !answered || after > SOON)).toEqual([]);
  });

  it('is monitored through the pool, so frozen connections are noticed without a reader', async () => {
    proxy.freeze();
    const stop = watchDatabase();
    try {
      await vi.waitFor(() => expect(log).toHaveLength(1), { timeout: 10_000, interval: 100 });
      expect((await timed(count)).after).toBeLessThan(SOON);
      expectTwoLines();
    } finally {
      stop();
    }
  });
});
