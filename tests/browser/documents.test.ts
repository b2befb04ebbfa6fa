import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeOwnBuild, type OwnBuild, type Standalone, serveStandalone } from '../setup/standalone.ts';
import { launch } from './browser.ts';

const POST = '/posts/a-secret-has-a-phase';
const TOKEN = 'a-token-of-at-least-32-characters';

describe.skipIf(!inject('chromium'))('a page, as a browser sees it', () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: Standalone;

  beforeAll(async () => {
    browser = await launch(inject('chromium'));
    site = await serveStandalone({ STATUS_TOKEN: TOKEN });
  });

  afterAll(async () => {
    await browser.close();
    await site.stop();
  });

  /** A page in a context of its own, which notes what the browser complains about and what it asks for. */
  async function open(path: string): Promise<Page & { faults: string[]; asked: string[] }> {
    context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    const faults: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => {
      if (/error|warning/.test(message.type())) faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) =>
      asked.push(`${request.resourceType()} ${new URL(request.url()).pathname}`),
    );
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    return Object.assign(page, { faults, asked });
  }

  it('violates no policy, and complains of nothing, on any page', async () => {
    const older = await (await fetch(site.url)).text();
    const [, olderPath = ''] = /href="(\/older\/[^"]+)"/.exec(older) ?? [];
    for (const path of [
      '/',
      POST,
      olderPath,
      '/newsletter',
      '/newsletter/mail',
      '/support',
      '/support/thanks',
      '/support/cancelled',
      '/support/trouble',
      '/status',
    ]) {
      const page = await open(path);
      expect([path, page.faults]).toEqual([path, []]);
      await context.close();
    }
    for (const path of ['/nonesuch', '/posts/nonesuch', '/unavailable']) {
      const page = await open(path);
      // Chromium reports the status itself.
      expect([path, page.faults.filter((fault) => !/status of (404|503)/.test(fault))]).toEqual([path, []]);
      await context.close();
    }
  });

  it('loads no script at a first visit, and no more than the document, its styles, an icon and its rules', async () => {
    for (const path of ['/', POST]) {
      const page = await open(path);
      expect(page.asked.filter((asked) => /^(script|fetch|xhr)/.test(asked))).toEqual([]);
      expect(page.asked.length).toBeLessThanOrEqual(7);
      expect(await page.locator('script').count()).toBe(0);
      await context.close();
    }
  });

  it('is the same after Back and Forward, a reload, and for a printer', async () => {
    const page = await open('/');
    const list = await page.locator('main').innerText();
    await page.locator('article h2 a').first().click();
    await page.waitForURL('**/posts/*');
    const post = await page.locator('main').innerText();
    await page.goBack();
    await page.waitForURL(`${site.url}/`);
    expect(await page.locator('main').innerText()).toBe(list);
    await page.goForward();
    await page.waitForURL('**/posts/*');
    expect(await page.locator('main').innerText()).toBe(post);
    await page.reload();
    expect(await page.locator('main').innerText()).toBe(post);
    await page.emulateMedia({ media: 'print' });
    expect((await page.pdf()).length).toBeGreaterThan(5_000);
    expect(page.faults).toEqual([]);
    await context.close();
  });

  it('has one heading of the first level and no level left out, for a screen reader', async () => {
    for (const path of ['/', POST, '/newsletter', '/support', '/nonesuch']) {
      const page = await open(path);
      const levels = await page
        .locator('h1, h2, h3, h4, h5, h6')
        .evaluateAll((headings) => headings.map((heading) => Number(heading.tagName[1])));
      expect([path, levels.filter((level) => level === 1).length]).toEqual([path, 1]);
      for (const [index, level] of levels.entries())
        expect([path, level - (levels[index - 1] ?? 0) <= 1]).toEqual([path, true]);
      await context.close();
    }
  });

  it('prefetches a post on intent, and never what is made for a visitor', async () => {
    const page = await open('/');
    const devtools = await context.newCDPSession(page);
    const prefetched = new Set<string>();
    devtools.on('Preload.prefetchStatusUpdated', ({ prefetchUrl }) =>
      prefetched.add(new URL(prefetchUrl).pathname),
    );
    await devtools.send('Preload.enable');
    await page.getByRole('link', { name: 'Support this blog' }).dispatchEvent('pointerdown');
    const link = page.locator('article h2 a').first();
    await link.hover();
    await expect.poll(() => [...prefetched], { timeout: 5_000 }).toEqual([await link.getAttribute('href')]);
    await context.close();
  });

  it('runs nothing that somebody got into the HTML, neither a script nor an attribute', async () => {
    context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    const refused: string[] = [];
    let attacks = 0;
    await page.exposeFunction('attack', () => {
      attacks += 1;
    });
    page.on(
      'console',
      (message) => /Content Security Policy/.test(message.text()) && refused.push(message.text()),
    );
    await page.route('**/*', async (route) => {
      if (route.request().resourceType() !== 'document') return route.continue();
      const answer = await route.fetch();
      const injected =
        '<script>attack()</script><img src="/nonesuch.png" onerror="attack()"><p style="color:red">x</p>';
      await route.fulfill({
        response: answer,
        body: (await answer.text()).replace('</main>', `${injected}</main>`),
      });
    });
    for (const path of ['/', POST, '/nonesuch', '/status']) {
      refused.length = 0;
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      expect([path, attacks, refused.length]).toEqual([path, 0, 3]);
    }
    // The same would run without the policy, so that the check can fail.
    const open = await browser.newPage({ baseURL: site.url, bypassCSP: true });
    await open.exposeFunction('attack', () => {
      attacks += 1;
    });
    await open.setContent('<script>attack()</script>');
    expect(attacks).toBe(1);
    await context.close();
  });
});

describe.skipIf(!inject('chromium'))('a reader who comes back', () => {
  let browser: Browser;
  let build: OwnBuild;
  let site: Standalone;

  beforeAll(async () => {
    browser = await launch(inject('chromium'));
    build = await makeOwnBuild();
    site = await serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: build.database.url }, build.folder);
  });

  afterAll(async () => {
    await browser.close();
    await site.stop();
    build.remove();
  });

  it('reads what changed meanwhile, with a click and without a reload', async () => {
    const page = await browser.newPage({ baseURL: site.url });
    await page.goto(POST);
    await build.database.query(`UPDATE "Post" SET "title" = 'Changed meanwhile' WHERE "slug" = $1`, [
      POST.replace('/posts/', ''),
    ]);
    await expect
      .poll(async () => (await (await fetch(site.url + POST)).text()).includes('Changed meanwhile'), {
        timeout: 15_000,
      })
      .toBe(true);
    await page.getByRole('link', { name: 'Sealed' }).first().click();
    await page.waitForURL(`${site.url}/`);
    await page.goto(POST);
    await page.getByRole('heading', { level: 1, name: 'Changed meanwhile' }).waitFor();
    await page.close();
  });
});
