import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { queryOfSite, type Standalone, serveStandalone } from '../setup/standalone.ts';
import { launch } from './browser.ts';

const POST = '/posts/a-secret-has-a-phase';
const TOKEN = 'a-token-of-at-least-32-characters';

describe.skipIf(!inject('chromium'))('a page in a browser', () => {
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

  /** A page in a context of its own. Records the browser's complaints and requests. */
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

  it('violates no policy and causes no console message, whichever page it is', async () => {
    const [, olderPath = ''] = /href="(\/older\/[^"]+)"/.exec(await (await fetch(site.url)).text()) ?? [];
    const page = await open('/');
    const paths = [POST, olderPath, '/newsletter', '/newsletter/mail', '/support', '/status', '/unavailable'];
    for (const path of [
      ...paths,
      '/support/thanks',
      '/support/cancelled',
      '/support/trouble',
      '/posts/nonesuch',
    ]) {
      await page.goto(path, { waitUntil: 'networkidle' });
      // Chromium itself logs every status that is not a success.
      const faults = page.faults.splice(0).filter((fault) => !/status of (404|503)/.test(fault));
      expect([path, faults]).toEqual([path, []]);
    }
    await context.close();
  }, 60_000);

  it('loads no script on the first visit, and only the document, its styles, an icon and its speculation rules', async () => {
    for (const path of ['/', POST]) {
      const page = await open(path);
      expect(page.asked.filter((asked) => /^(script|fetch|xhr)/.test(asked))).toEqual([]);
      expect(page.asked.length).toBeLessThanOrEqual(7);
      expect(await page.locator('script').count()).toBe(0);
      await context.close();
    }
  });

  it('is the same after Back and Forward, after a reload, and in print', async () => {
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

  it('is where the reader left it after Back', async () => {
    const page = await open('/');
    const last = page.locator('article h2 a').last();
    await last.scrollIntoViewIfNeeded();
    const position = await page.evaluate('scrollY');
    expect(position).toBeGreaterThan(100);
    await last.click();
    await page.waitForURL('**/posts/*');
    await page.goBack();
    await page.waitForURL(`${site.url}/`);
    await expect.poll(() => page.evaluate('scrollY')).toBe(position);
    await context.close();
  });

  it('is searched by Find in page, to its last line', async () => {
    const page = await open(POST);
    const text = await page.locator('main').innerText();
    const lines = text.split('\n').filter((line) => /\w{5}/.test(line) && !line.includes('\t'));
    const sentences = [lines[0], lines[Math.floor(lines.length / 2)], lines.at(-1)];
    for (const sentence of sentences) {
      // The search of the browser's own Find in page: it sees only text that is rendered.
      const find = (wanted = '') =>
        page.evaluate(
          `getSelection().removeAllRanges(), find(${JSON.stringify(wanted.slice(0, 60).trim())})`,
        );
      expect([sentence, await find(sentence)]).toEqual([sentence, true]);
    }
    expect(await page.evaluate(`find('no page contains this sentence')`)).toBe(false);
    await context.close();
  });

  it('has one top-level heading and skips no heading level in the accessibility tree', async () => {
    for (const path of ['/', POST, '/newsletter', '/support', '/nonesuch']) {
      const page = await open(path);
      const devtools = await context.newCDPSession(page);
      const tree = await devtools.send('Accessibility.getFullAXTree');
      const byId = new Map(tree.nodes.map((node) => [node.nodeId, node]));
      /** A node and all below it, in the order in which a screen reader reads them. */
      const inOrder = (id: string): typeof tree.nodes => {
        const node = byId.get(id);
        return node ? [node, ...(node.childIds ?? []).flatMap(inOrder)] : [];
      };
      const nodes = inOrder(tree.nodes[0]?.nodeId ?? '');
      const headings = nodes.filter((node) => !node.ignored && node.role?.value === 'heading');
      for (const { name } of headings)
        expect([path, name?.value]).toEqual([path, expect.stringMatching(/\w/)]);
      const levels = headings.map((node) =>
        Number(node.properties?.find((property) => property.name === 'level')?.value.value),
      );
      const landmarks = nodes.map((node) => node.role?.value).filter((role) => role === 'main');
      expect([path, landmarks]).toEqual([path, ['main']]);
      expect([path, levels.filter((level) => level === 1).length]).toEqual([path, 1]);
      for (const [index, level] of levels.entries())
        expect([path, level - (levels[index - 1] ?? 0) <= 1]).toEqual([path, true]);
      await context.close();
    }
  });

  it('prefetches only the post that the reader is about to open', async () => {
    const page = await open('/');
    const devtools = await context.newCDPSession(page);
    const prefetched = new Set<string>();
    devtools.on('Preload.prefetchStatusUpdated', ({ prefetchUrl }) =>
      prefetched.add(new URL(prefetchUrl).pathname),
    );
    await devtools.send('Preload.enable');
    const link = page.locator('article h2 a').first();
    await link.hover();
    await expect.poll(() => [...prefetched], { timeout: 5_000 }).toEqual([await link.getAttribute('href')]);
    await context.close();
  });

  it('shows a change on the next visit, without a reload', async () => {
    const path = '/posts/read-twice';
    await queryOfSite(
      `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
       VALUES ('read-twice', 'read-twice', 'As it was', 'Text.', true, now() - interval '9 years', now())`,
    );
    const titled = async (title: string) => (await (await fetch(site.url + path)).text()).includes(title);
    await expect.poll(() => titled('As it was'), { timeout: 15_000 }).toBe(true);
    const page = await open(path);
    await queryOfSite(`UPDATE "Post" SET "title" = 'As it is' WHERE "slug" = 'read-twice'`);
    await expect.poll(() => titled('As it is'), { timeout: 15_000 }).toBe(true);
    await page.getByRole('link', { name: 'Sealed' }).first().click();
    await page.waitForURL(`${site.url}/`);
    await page.goto(path);
    await page.getByRole('heading', { level: 1, name: 'As it is' }).waitFor();
    await context.close();
    await queryOfSite(`DELETE FROM "Post" WHERE "slug" = 'read-twice'`);
  });

  it('runs no script that was injected into the HTML, neither an element nor an attribute', async () => {
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
    // Without the policy it does run, so this check can fail.
    const open = await browser.newPage({ baseURL: site.url, bypassCSP: true });
    await open.exposeFunction('attack', () => {
      attacks += 1;
    });
    await open.setContent('<script>attack()</script>');
    expect(attacks).toBe(1);
    await context.close();
  });
});
