import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDatabaseProxy } from '../setup/database-proxy.ts';
import { queryOfSite, type Standalone, serveStandalone, siteAddress } from '../setup/standalone.ts';

const token = randomBytes(16).toString('hex');
const slug = `revalidated-${randomBytes(4).toString('hex')}`;
let site: Standalone;

beforeAll(async () => {
  site = await serveStandalone({ REVALIDATE_TOKEN: token, STATUS_TOKEN: token });
  await queryOfSite(
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     VALUES ($1, $1, 'First title', 'Text.', true, now() - interval '9 years', now())`,
    [slug],
  );
});

afterAll(async () => {
  await queryOfSite('DELETE FROM "Post" WHERE "slug" = $1', [slug]);
  await site.stop();
});

const order = (body: string, headers: Record<string, string> = { Authorization: `Bearer ${token}` }) =>
  fetch(`${site.url}/revalidate`, { method: 'POST', headers, body });

const title = async () =>
  /<h1[^>]*>([^<]*)/.exec(await (await fetch(`${site.url}/posts/${slug}`)).text())?.[1];

/** The pages that a server has rendered, and when. */
const rendersOf = async ({ url }: Standalone): Promise<Record<string, string>> => {
  const headers = { Accept: 'application/json', Authorization: `Bearer ${token}` };
  const { pages } = await (await fetch(`${url}/status`, { headers })).json();
  return Object.fromEntries(pages.later.map(({ path, at }: { path: string; at: string }) => [path, at]));
};

describe('/revalidate', () => {
  it('answers 503 and changes nothing while the database is down', async () => {
    const proxy = await startDatabaseProxy(siteAddress());
    const apart = await serveStandalone({
      REVALIDATE_TOKEN: token,
      STATUS_TOKEN: token,
      DATABASE_URL_FILE: '',
      DATABASE_URL: proxy.url,
    });
    const orderAll = () =>
      fetch(`${apart.url}/revalidate`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
        body: '{"all":true}',
      });
    try {
      const pages = ['/', '/newsletter', '/posts/a-secret-has-a-phase'].map((path) => apart.url + path);
      const bodies = () => Promise.all(pages.map(async (page) => (await fetch(page)).text()));
      await bodies();
      // The image is older than a post, so the list is rendered as soon as Next.js is loaded.
      await vi.waitFor(async () => expect(await rendersOf(apart)).toHaveProperty(['/']), 10_000);
      const [before, rendered] = [await bodies(), await rendersOf(apart)];
      proxy.refuse(true);
      const answer = await orderAll();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
      expect((await answer.json()).error).toBe(
        'The database does not answer, so no page was changed. Try again later.',
      );
      expect(await bodies()).toEqual(before);
      expect(await rendersOf(apart)).toEqual(rendered);
      proxy.refuse(false);
      expect((await orderAll()).status).toBe(200);
      await bodies();
      await vi.waitFor(async () => expect((await rendersOf(apart))['/']).not.toBe(rendered['/']), 5_000);
    } finally {
      await apart.stop();
      await proxy.stop();
    }
  });

  it.each([
    ['one post', `/posts/${slug}`, () => ({ slug })],
    ['every page', 'all', () => ({ all: true })],
  ])('has %s rendered again, even if no trigger saw the change', async (_, refreshed, body) => {
    const changed = randomBytes(4).toString('hex');
    await title();
    const before = await title();
    await queryOfSite(
      `BEGIN; ALTER TABLE "Post" DISABLE TRIGGER USER; UPDATE "Post" SET "title" = '${changed}' WHERE "slug" = '${slug}';
       ALTER TABLE "Post" ENABLE TRIGGER USER; COMMIT`,
    );
    expect(await title()).toBe(before);
    const answer = await order(JSON.stringify(body()));
    expect([answer.status, (await answer.json()).refreshed[0]]).toEqual([200, refreshed]);
    await title();
    expect(await title()).toBe(changed);
  });

  it('reaches every server', async () => {
    const other = await serveStandalone({ STATUS_TOKEN: token });
    try {
      await fetch(`${other.url}/posts/${slug}`);
      const before = await rendersOf(other);
      await order(JSON.stringify({ slug }));
      await vi.waitFor(async () => {
        await fetch(`${other.url}/posts/${slug}`);
        expect((await rendersOf(other))[`/posts/${slug}`]).not.toBe(before[`/posts/${slug}`]);
      }, 2_000);
    } finally {
      await other.stop();
    }
  });

  it('has the lists that show a post rendered again, and leaves other posts unchanged', async () => {
    const paths = ['/', '/newsletter/mail', `/posts/${slug}`, '/posts/a-secret-has-a-phase'];
    const visit = async () => {
      for (const path of [...paths, ...paths]) await fetch(site.url + path);
      const rendered = await rendersOf(site);
      return paths.map((path) => rendered[path]);
    };
    const before = await visit();
    await order(JSON.stringify({ slug }));
    const after = await visit();
    expect(after.map((at, page) => at !== before[page])).toEqual([true, true, true, false]);
  });

  it('answers 403 with the reason if the database user may only read, while the server still follows the log', async () => {
    const { host, port, database } = siteAddress();
    await queryOfSite(`CREATE ROLE only_reads LOGIN PASSWORD 'change-me';
      GRANT USAGE ON SCHEMA public TO only_reads; GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_reads`);
    const reading = await serveStandalone({
      REVALIDATE_TOKEN: token,
      DATABASE_URL_FILE: '',
      DATABASE_URL: `postgresql://only_reads:change-me@${host}:${port}/${database}`,
    });
    try {
      const answer = await fetch(`${reading.url}/revalidate`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
        body: '{"all":true}',
      });
      expect([answer.status, await answer.json()]).toEqual([
        403,
        {
          error: 'The database user may not write to the content log. Grant it INSERT on "ContentChange".',
        },
      ]);
      const changed = randomBytes(4).toString('hex');
      await queryOfSite('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, changed]);
      await vi.waitFor(
        async () => expect(await (await fetch(`${reading.url}/posts/${slug}`)).text()).toContain(changed),
        // The server has just started: Next.js is still being loaded.
        10_000,
      );
    } finally {
      await reading.stop();
      await queryOfSite('DROP OWNED BY only_reads; DROP ROLE only_reads');
    }
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { Authorization: 'Bearer 0123456789abcdef0123456789abcdef' }],
    ['the token in another scheme', { Authorization: `Basic ${token}` }],
  ])('rejects %s', async (_, headers) => {
    const response = await order('{"all":true}', headers);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await response.text()).not.toContain(token);
  });

  it.each([
    '',
    'nonsense',
    'null',
    '[]',
    '{}',
    '{"slug":"../x"}',
    '{"slug":"a","all":true}',
    '{"all":1}',
    '{"all":true,"more":1}',
    `{"slug":"${'a'.repeat(2_000)}"}`,
  ])('says what to send instead of %.40s', async (body) => {
    const response = await order(body);
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatch(/^Send \{"slug":"a-post"\}/);
  });

  it('does not exist without the secret, and accepts only POST', async () => {
    const without = await serveStandalone({});
    try {
      expect((await fetch(`${without.url}/revalidate`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${site.url}/revalidate`)).status).toBe(405);
      expect(site.log()).not.toContain(token);
    } finally {
      await without.stop();
    }
  });
});
