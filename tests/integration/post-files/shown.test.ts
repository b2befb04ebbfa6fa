import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { packImages } from '#building/pack-images.ts';
import { importPosts } from '#post-files/import.ts';
import { startDatabaseProxy } from '../../setup/database-proxy.ts';
import { makeGif, makePng } from '../../setup/images.ts';
import { makeFolder, markdown } from '../../setup/post-folder.ts';
import { makeOwnBuild, type OwnBuild, type Standalone, serveStandalone } from '../../setup/standalone.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };

let build: OwnBuild;
let site: Standalone;
let proxy: Awaited<ReturnType<typeof startDatabaseProxy>>;

beforeAll(async () => {
  build = await makeOwnBuild();
  proxy = await startDatabaseProxy(build.database.address);
  site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: proxy.url }, build.folder);
});

afterAll(async () => {
  await site.stop();
  await proxy.stop();
  build.remove();
});

const read = async (path: string) => {
  const answer = await fetch(site.url + path, { redirect: 'manual' });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
};
const html = async (path: string) => (await read(path)).body.toString();

/** The addresses of the stored images on a page. */
const imagesOf = async (path: string) =>
  [...(await html(path)).matchAll(/src="(\/images\/[^"]+)"/g)].map(([, address = '']) => address);

const importing = (files: Record<string, string | Buffer>) =>
  importPosts(build.database.address, makeFolder(files));

describe('an imported post', () => {
  it('is shown with its images, language, tags and old URLs, without a restart', async () => {
    await importing({
      'arabic.md': markdown(
        'title: مرحبا\ndate: 2026-11-20\nlang: ar\ntags: [عربي]\naliases: [/old/address]\ncover: c.png',
        '![x](x.gif)',
      ),
      'x.gif': makeGif(30, 20),
      'c.png': makePng(64, 32),
    });
    await vi.waitFor(async () => expect((await read('/posts/arabic')).status).toBe(200), PATIENCE);
    const page = await html('/posts/arabic');
    expect(page).toMatch(/<article lang="ar" dir="rtl">/);
    expect(page).toContain('<li>عربي</li>');
    const [cover = '', image = ''] = await imagesOf('/posts/arabic');
    expect(page).toContain(`<img class="`);
    expect(page).toMatch(/width="64" height="32"/);
    expect(page).toMatch(/width="30" height="20"/);
    expect((await read(cover)).body.equals(makePng(64, 32))).toBe(true);
    const { status, headers, body } = await read(image);
    expect([
      status,
      headers.get('content-type'),
      headers.get('cache-control'),
      headers.get('content-security-policy'),
      headers.get('x-content-type-options'),
    ]).toEqual([
      200,
      'image/gif',
      'public, max-age=31536000, immutable',
      "default-src 'none'; sandbox",
      'nosniff',
    ]);
    expect(body.equals(makeGif(30, 20))).toBe(true);
    expect(await html('/')).toMatch(/<article class="[^"]*" lang="ar" dir="rtl">/);
    const old = await read('/old/address?utm=1');
    expect([old.status, old.headers.get('location')]).toEqual([308, '/posts/arabic?utm=1']);
  });

  it('is linked from its neighbours at once', async () => {
    const title = async (path: string, rel: string) =>
      new RegExp(`<a href="[^"]*" rel="${rel}"[^>]*>([^<]*)`).exec(await html(path))?.[1];
    await importing({
      'one.md': markdown('title: One\ndate: 2026-11-21'),
      'three.md': markdown('title: Three\ndate: 2026-11-23'),
    });
    await vi.waitFor(async () => expect(await title('/posts/one', 'next')).toBe('Three'), PATIENCE);
    await importing({ 'two.md': markdown('title: Two\ndate: 2026-11-22') });
    await vi.waitFor(async () => expect(await title('/posts/one', 'next')).toBe('Two'), PATIENCE);
    await vi.waitFor(async () => expect(await title('/posts/three', 'prev')).toBe('Two'), PATIENCE);
  });

  it('of the kind page is in the navigation of every page, and in no list', async () => {
    await html('/newsletter');
    await importing({ 'about.md': markdown('title: About us\nkind: page') });
    for (const path of ['/', '/newsletter', '/posts/one', '/nonesuch'])
      await vi.waitFor(
        async () => expect(await html(path)).toContain('<a href="/posts/about">About us</a>'),
        PATIENCE,
      );
    expect(await html('/')).not.toContain('<h2><a href="/posts/about">');
    const short = await read('/about');
    expect([short.status, short.headers.get('location')]).toEqual([308, '/posts/about']);
  });

  it('appears by itself when it is due', async () => {
    const at = new Date(Date.now() + 2_500).toISOString();
    await importing({
      'later.md': markdown(`title: Later\ndate: ${at}\naliases: [/was/later]`, '![x](later.png)'),
      'later.png': makePng(4, 4, 77),
    });
    expect((await read('/posts/later')).status).toBe(404);
    expect((await read('/was/later')).status).toBe(404);
    const [image] = await build.database.query<{ hash: string }>(
      `SELECT "images" -> 'later.png' ->> 'hash' AS hash FROM "Post" WHERE "slug" = 'later'`,
    );
    const address = `/images/${image?.hash}.png`;
    expect((await read(address)).status).toBe(404);
    await vi.waitFor(async () => expect((await read('/posts/later')).status).toBe(200), PATIENCE);
    expect((await read('/was/later')).status).toBe(308);
    expect((await read(address)).status).toBe(200);
    await build.database.query(`UPDATE "Post" SET "published" = false WHERE "slug" = 'later'`);
    await vi.waitFor(async () => expect((await read('/posts/later')).status).toBe(404), PATIENCE);
    expect((await read(address)).status).toBe(404);
  });
});

describe('an image', () => {
  it.each([
    '/images/',
    '/images/x.png',
    `/images/${'0'.repeat(64)}.png`,
    `/images/${'0'.repeat(64)}.svg`,
    `/images/${'0'.repeat(64)}`,
    '/images/..%2f..%2fpackage.json',
  ])('that is not stored is not found: %s', async (path) => {
    expect([path, (await read(path)).status]).toEqual([path, 404]);
  });

  it('of prerendered posts is packed as a file, and no other', async () => {
    await importing({
      'p.md': markdown('title: P\ndate: 2026-10-01', '![a](a.png) ![b](b.png)'),
      'q.md': markdown('title: Q\ndate: 2026-10-01', '![a](a.png)'),
      'r.md': markdown('title: R\ndate: 2026-10-01', '![c](c.png)'),
      'a.png': makePng(5, 5, 1),
      'b.png': makePng(5, 5, 2),
      'c.png': makePng(5, 5, 3),
    });
    const folder = join(makeFolder({}), 'images');
    const packed = await packImages(build.database.address, ['p', 'q'], folder);
    expect([...packed.values()].map((slugs) => slugs.sort())).toEqual([['p', 'q'], ['p']]);
    const [name = ''] = packed.keys();
    expect(readFileSync(join(folder, name)).equals(makePng(5, 5, 1))).toBe(true);
    await packImages(build.database.address, [], folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('that is only in the database is unavailable without it, not missing', async () => {
    const [image = ''] = await imagesOf('/posts/arabic');
    proxy.refuse(true);
    const { status, headers } = await read(image);
    expect([status, headers.get('retry-after')]).toEqual([503, '30']);
  });
});
