import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';

const token = randomBytes(16).toString('hex');
const slug = `revalidated-${randomBytes(4).toString('hex')}`;
let site: Standalone;

const query = async (sql: string, values: string[]) => {
  const connectionString = readFileSync(join(inject('siteFolder'), '.data/database_url'), 'utf8').trim();
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
};

beforeAll(async () => {
  site = await serveStandalone({ REVALIDATE_TOKEN: token });
  await query(
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     VALUES ($1, $1, 'First title', 'Text.', true, now() - interval '9 years', now())`,
    [slug],
  );
});

afterAll(async () => {
  await query('DELETE FROM "Post" WHERE "slug" = $1', [slug]);
  await site.stop();
});

const order = (body: string, headers: Record<string, string> = { Authorization: `Bearer ${token}` }) =>
  fetch(`${site.url}/revalidate`, { method: 'POST', headers, body });

const title = async () =>
  /<h1[^>]*>([^<]*)/.exec(await (await fetch(`${site.url}/posts/${slug}`)).text())?.[1];

describe('/revalidate', () => {
  it.each([
    ['one post', () => ({ slug })],
    ['every page', () => ({ all: true })],
  ])('has %s generated anew on its next visit', async (_, body) => {
    const [before, after] = [randomBytes(4).toString('hex'), randomBytes(4).toString('hex')];
    await query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, before]);
    await order(JSON.stringify({ all: true }));
    expect(await title()).toBe(before);
    await query('UPDATE "Post" SET "title" = $2 WHERE "slug" = $1', [slug, after]);
    expect(await title()).toBe(before);
    expect((await order(JSON.stringify(body()))).status).toBe(200);
    expect(await title()).toBe(after);
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
    } finally {
      await without.stop();
    }
  });
});
