import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';

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

const signIn = (sent: string) =>
  fetch(`${site.url}/status/sign-in`, {
    ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ token: sent }) },
  });

describe('/status', () => {
  it('asks for the token, and shows nothing without', async () => {
    const text = await (await ask('/status')).text();
    expect(text).toContain('STATUS_TOKEN');
    expect(text).not.toContain('REVALIDATE_TOKEN');
    expect((await ask('/status.json')).status).toBe(401);
    expect((await ask('/status.json', { Authorization: 'Bearer nonsense' })).status).toBe(401);
  });

  it('shows how secrets, database and pages stand to whoever has the token, and no value', async () => {
    const response = await ask('/status', withToken);
    expect(response.headers.get('cache-control')).toContain('no-store');
    const text = await response.text();
    expect(text).toContain('the variable REVALIDATE_TOKEN');
    expect(text).toMatch(
      /STRIPE_SECRET_KEY \(the variable STRIPE_SECRET_KEY\) is Stripe(&#x27;|')s publishable key/,
    );
    expect(text).toContain('/posts/');
    for (const secret of [token, sentinel, 'pk_test_0123456789']) expect(text).not.toContain(secret);
  });

  it('says the same to a machine, in JSON', async () => {
    const text = await (await ask('/status.json', withToken)).text();
    const { database, secrets, pages } = JSON.parse(text);
    expect(database).toBe('reachable');
    expect(secrets).toContainEqual(
      expect.objectContaining({
        name: 'REVALIDATE_TOKEN',
        fingerprint: expect.stringMatching(/^[0-9a-f]{10}$/),
      }),
    );
    expect(pages.inImage.paths).toContain('/');
    expect(text).not.toContain(sentinel);
  });

  it('tells a page of the image from one that was generated later', async () => {
    const pagesNow = async () => (await (await ask('/status.json', withToken)).json()).pages;
    const path: string = (await pagesNow()).inImage.paths.find((known: string) =>
      known.startsWith('/posts/'),
    );
    await fetch(`${site.url}/revalidate`, {
      ...{ method: 'POST', headers: { Authorization: `Bearer ${sentinel}` } },
      body: JSON.stringify({ slug: path.replace('/posts/', '') }),
    });
    await ask(path);
    const { inImage, later } = await pagesNow();
    expect(inImage.paths).not.toContain(path);
    expect(later[0]).toMatchObject({ path });
    expect(Date.parse(later[0].at)).toBeGreaterThan(Date.parse(inImage.at));
  });

  it('is open to who signed in, in a cookie that no script and no other site has', async () => {
    const response = await signIn(token);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/status']);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/status; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const [session = ''] = cookie.split(';');
    expect(session).not.toContain(token);
    expect(await (await ask('/status', { cookie: session })).text()).toContain(
      'the variable REVALIDATE_TOKEN',
    );
    const forged = session.replace(/=\d+/, '=99999999999');
    expect(await (await ask('/status', { cookie: forged })).text()).not.toContain('the variable REVALIDATE');
  });

  it('stays open to a session from before AUTH_SECRET was rotated', async () => {
    const [session = ''] = ((await signIn(token)).headers.get('set-cookie') ?? '').split(';');
    writeFileSync(join(folder, 'auth.new'), newSecret());
    renameSync(join(folder, 'auth.new'), join(folder, 'auth'));
    await vi.waitFor(() => expect(site.log()).toContain('AUTH_SECRET has changed'), 15_000);
    expect(await (await ask('/status', { cookie: session })).text()).toContain(
      'the variable REVALIDATE_TOKEN',
    );
  });

  it('is not open to a session that another key signed', async () => {
    const other = await serveStandalone({ STATUS_TOKEN: token, AUTH_SECRET: newSecret() });
    try {
      const response = await fetch(`${other.url}/status/sign-in`, {
        ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ token }) },
      });
      const [session = ''] = (response.headers.get('set-cookie') ?? '').split(';');
      expect(await (await ask('/status', { cookie: session })).text()).not.toContain(
        'the variable REVALIDATE',
      );
    } finally {
      await other.stop();
    }
  });

  it('takes no token any more after ten wrong ones in a minute', async () => {
    for (let tried = 0; tried < 10; tried++)
      expect((await signIn('wrong')).headers.get('location')).toBe('/status?refused');
    expect((await signIn(token)).headers.get('location')).toBe('/status?refused');
  });

  it('is not there without STATUS_TOKEN', async () => {
    const without = await serveStandalone({});
    try {
      expect((await fetch(`${without.url}/status.json`)).status).toBe(404);
      expect(await (await fetch(`${without.url}/status`)).text()).toContain('There is no status to see');
      const refused = await fetch(`${without.url}/status/sign-in`, {
        method: 'POST',
        body: new URLSearchParams(),
      });
      expect(refused.status).toBe(404);
    } finally {
      await without.stop();
    }
  });
});
