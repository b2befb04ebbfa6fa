import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { queryOfSite, type Standalone, serveStandalone } from '../setup/standalone.ts';

const newSecret = () => randomBytes(24).toString('hex');
const token = newSecret();
const sentinel = newSecret();

let folder: string;
let site: Standalone;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-status-'));
  writeFileSync(join(folder, 'auth'), newSecret());
  site = await serveStandalone({
    STATUS_TOKEN: token,
    AUTH_SECRET_FILE: join(folder, 'auth'),
    REVALIDATE_TOKEN: sentinel,
    STRIPE_SECRET_KEY: 'pk_test_0123456789',
  });
});

afterAll(async () => {
  await site.stop();
  rmSync(folder, { recursive: true });
});

const ask = (path: string, headers: Record<string, string> = {}) => fetch(site.url + path, { headers });
const withToken = { Authorization: `Bearer ${token}` };

const withJson = { ...withToken, Accept: 'application/json' };

const signIn = (sent: string, at = site, headers: Record<string, string> = { Origin: at.url }) =>
  fetch(`${at.url}/status/sign-in`, {
    ...{ method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ token: sent }) },
  });

const sessionOf = (response: Response) => (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';

const shows = async (cookie: string, at = site) =>
  (await (await fetch(`${at.url}/status`, { headers: { cookie } })).text()).includes(
    'the variable REVALIDATE_TOKEN',
  );

describe('/status', () => {
  it('asks for the token, and shows nothing without it', async () => {
    const response = await ask('/status');
    expect(response.headers.get('cache-control')).toContain('no-store');
    const text = await response.text();
    expect(text).toContain('STATUS_TOKEN');
    expect(text).toContain('<meta name="robots" content="noindex"/>');
    expect(text).not.toContain('REVALIDATE_TOKEN');
  });

  it.each<[string, Record<string, string>]>([
    ['a page', { Authorization: 'Bearer nonsense' }],
    ['JSON', { Authorization: 'Bearer nonsense', Accept: 'application/json' }],
    ['JSON without any token', { Accept: 'application/json' }],
  ])('answers 401 to a wrong token that asks for %s', async (_, headers) => {
    const response = await ask('/status', headers);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await response.text()).toMatch(/Send Authorization: Bearer with the value of STATUS_TOKEN/);
  });

  it('shows the state of secrets, database and pages to anyone with the token, and no value', async () => {
    const response = await ask('/status', withToken);
    expect(response.headers.get('cache-control')).toContain('no-store');
    const text = await response.text();
    expect(text).toContain('the variable REVALIDATE_TOKEN');
    expect(text).toMatch(
      /STRIPE_SECRET_KEY \(the variable STRIPE_SECRET_KEY\) is Stripe(&#x27;|')s publishable key/,
    );
    expect(text).toContain('/posts/');
    expect(text).toMatch(/Sealed.{0,20}0\.1\.0.*Next\.js.{0,20}16\..*Node\.js/);
    for (const secret of [token, sentinel, 'pk_test_0123456789']) expect(text).not.toContain(secret);
  });

  it('returns the same as JSON to a program', async () => {
    const response = await ask('/status', withJson);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const text = await response.text();
    const { database, secrets, pages } = JSON.parse(text);
    await vi.waitFor(async () =>
      expect((await (await ask('/status', withJson)).json()).database).toBe('reachable'),
    );
    expect(database).toMatch(/^(reachable|unknown)$/);
    expect(secrets).toContainEqual(
      expect.objectContaining({
        name: 'REVALIDATE_TOKEN',
        fingerprint: expect.stringMatching(/^[0-9a-f]{10}$/),
      }),
    );
    expect(pages.inImage.paths).toContain('/');
    expect(text).not.toContain(sentinel);
  });

  it('shows whether a page comes from the image or was rendered later, and why', async () => {
    const pagesNow = async () => (await (await ask('/status', withJson)).json()).pages;
    const path: string = (await pagesNow()).inImage.paths.find((known: string) =>
      known.startsWith('/posts/'),
    );
    expect((await pagesNow()).inImage.paths).toContain('/newsletter');
    await fetch(`${site.url}/revalidate`, {
      ...{ method: 'POST', headers: { Authorization: `Bearer ${sentinel}` } },
      body: JSON.stringify({ slug: path.replace('/posts/', '') }),
    });
    const visit = async (visited: string) => (await ask(visited)).text();
    await visit(path);
    await visit(path);
    const slug = `later-${randomBytes(4).toString('hex')}`;
    await queryOfSite(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       VALUES ($1, $1, 'Later', 'Text.', true, now() - interval '9 years', now())`,
      [slug],
    );
    await vi.waitFor(async () => expect((await ask(`/posts/${slug}`)).status).toBe(200), 2_000);
    await visit('/posts/nonesuch');
    await visit('/');
    await visit('/');
    const { inImage, later } = await pagesNow();
    expect(inImage.paths).not.toContain(path);
    const reasons = later.map((page: { path: string; reason: string }) => [page.path, page.reason]);
    expect(reasons).toEqual(
      expect.arrayContaining([
        ['/', 'content changed'],
        [`/posts/${slug}`, 'first read'],
        [path, 'content changed'],
      ]),
    );
    expect(later.map((page: { path: string }) => page.path)).not.toContain('/posts/nonesuch');
    expect(Date.parse(later[0].at)).toBeGreaterThan(Date.parse(inImage.at));
    await queryOfSite('DELETE FROM "Post" WHERE "slug" = $1', [slug]);
  });

  it('is open to anyone signed in, by a cookie that no script and no other site can read', async () => {
    const response = await signIn(token);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/status']);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/status; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const session = sessionOf(response);
    expect(session).not.toContain(token);
    expect(await shows(session)).toBe(true);
    expect(await shows(session.replace(/=\d+/, '=99999999999'))).toBe(false);
  });

  it('marks the cookie Secure if the site uses TLS', async () => {
    const { headers } = await signIn(token, site, { Origin: site.url, 'X-Forwarded-Proto': 'https' });
    expect(headers.get('set-cookie')).toMatch(/; SameSite=Strict; Secure$/);
  });

  it('does not accept its form from another site', async () => {
    expect((await signIn(token, site, { Origin: 'https://elsewhere.example' })).status).toBe(403);
  });

  it('stays open to a session from before AUTH_SECRET was rotated', async () => {
    const session = sessionOf(await signIn(token));
    writeFileSync(join(folder, 'auth.new'), newSecret());
    renameSync(join(folder, 'auth.new'), join(folder, 'auth'));
    await vi.waitFor(() => expect(site.log()).toContain('AUTH_SECRET has changed'), 15_000);
    expect(await shows(session)).toBe(true);
  });

  it.each([
    ['another key', () => ({ STATUS_TOKEN: token, AUTH_SECRET: newSecret() })],
    ['another STATUS_TOKEN', () => ({ STATUS_TOKEN: newSecret(), AUTH_SECRET_FILE: join(folder, 'auth') })],
  ])('is not open to a session that %s opened', async (_, variables) => {
    const given = variables();
    const other = await serveStandalone({ ...given, REVALIDATE_TOKEN: sentinel });
    try {
      const session = sessionOf(await signIn(given.STATUS_TOKEN, other));
      expect(await shows(session, other)).toBe(true);
      expect(await shows(session)).toBe(false);
    } finally {
      await other.stop();
    }
  });

  it('limits wrong tokens, but never the correct one', async () => {
    const session = sessionOf(await signIn(token));
    for (let tried = 0; tried < 6; tried++)
      expect((await signIn('wrong')).headers.get('location')).toBe('/status?refused');
    for (const headers of [
      { Authorization: 'Bearer wrong' },
      { ...withJson, Authorization: 'Bearer wrong' },
    ]) {
      const wrong = await ask('/status', headers);
      expect([wrong.status, wrong.headers.get('retry-after')]).toEqual([429, '60']);
      expect(await wrong.text()).toMatch(/Too many wrong tokens\. Try again in a minute/);
    }
    expect((await ask('/status', withJson)).status).toBe(200);
    expect((await ask('/status', withToken)).status).toBe(200);
    expect((await signIn(token)).headers.get('location')).toBe('/status');
    expect(await shows(session)).toBe(true);
    expect(site.log()).not.toContain(token);
  });

  it('does not exist without STATUS_TOKEN', async () => {
    const without = await serveStandalone({});
    try {
      const ways: Record<string, string>[] = [{}, { Accept: 'application/json' }, withToken];
      for (const headers of ways)
        expect((await fetch(`${without.url}/status`, { headers })).status).toBe(404);
      expect((await signIn(token, without)).status).toBe(404);
    } finally {
      await without.stop();
    }
  });
});
