import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDatabaseProxy } from '../setup/database-proxy.ts';
import { queryOfSite, type Standalone, serveStandalone, siteAddress } from '../setup/standalone.ts';

const token = randomBytes(16).toString('hex');
const slug = `revalidated-${randomBytes(4).toString('hex')}`;
let site: Standalone;

beforeAll(async () => {
  site = await serveStandalone({ REVALIDATE_TOKEN: token });
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

const stateAt = async (url: string) => {
  const { status, headers } = await fetch(url);
  return [status, headers.get('x-nextjs-cache')];
};

describe('/revalidate', () => {
  it('answers 503 and changes nothing while the database is away', async () => {
    const proxy = await startDatabaseProxy(siteAddress());
    const apart = await serveStandalone({
      REVALIDATE_TOKEN: token,
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
      const asBefore = pages.map(() => [200, 'HIT']);
      expect(await Promise.all(pages.map(stateAt))).toEqual(asBefore);
      proxy.refuse(true);
      const answer = await orderAll();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
      expect((await answer.json()).error).toBe(
        'The database is away, so no page was changed. Try again later.',
      );
      expect(await Promise.all(pages.map(stateAt))).toEqual(asBefore);
      proxy.refuse(false);
      expect((await orderAll()).status).toBe(200);
      expect(await stateAt(`${apart.url}/`)).toEqual([200, 'MISS']);
    } finally {
      await apart.stop();
      await proxy.stop();
    }
  });

  it.each([
    ['one post', `/posts/${slug}`, () => ({ slug })],
    ['every page', 'all', () => ({ all: true })],
  ])('has %s generated anew on its next visit', async (_, refreshed, body) => {
    const [before, after] = [randomBytes(4).toString('hex'), randomBytes(4).toString('hex')];
    await queryOfSite('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, before]);
    await order(JSON.stringify({ all: true }));
    expect(await title()).toBe(before);
    await queryOfSite('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, after]);
    expect(await title()).toBe(before);
    const answer = await order(JSON.stringify(body()));
    expect([answer.status, (await answer.json()).refreshed[0]]).toEqual([200, refreshed]);
    expect(await title()).toBe(after);
  });

  it('has the lists generated anew that show a post, and leaves other posts as they are', async () => {
    const state = async (path: string) => (await fetch(site.url + path)).headers.get('x-nextjs-cache');
    const paths = ['/', '/newsletter', `/posts/${slug}`, '/posts/a-secret-has-a-phase'];
    for (const path of paths) await state(path);
    await order(JSON.stringify({ slug }));
    expect(await Promise.all(paths.map(state))).toEqual(['MISS', 'MISS', 'MISS', 'HIT']);
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { Authorization: 'Bearer 0123456789abcdef0123456789abcdef' }],
    ['the token in another scheme', { Authorization: `Basic ${token}` }],
  ])('refuses %s', async (_, headers) => {
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
  ])('says what to send in place of %.40s', async (body) => {
    const response = await order(body);
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatch(/^Send \{"slug":"a-post"\}/);
  });

  it('is not there without the secret, and takes only POST', async () => {
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
