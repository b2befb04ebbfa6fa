import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launch } from './browser.ts';
import { measureLook } from './look.ts';

const site = inject('siteUrl');

/** Well-known attacks on programs that render Markdown or HTML. Each would call `attack`. */
const ATTACKS = [
  '<script>attack()</script>',
  '<SCRIPT SRC=data:text/javascript,attack()></SCRIPT>',
  '<scr<script>ipt>attack()</scr</script>ipt>',
  '<img src=x onerror=attack()>',
  '<img src="x" onerror="attack()" style="x:expression(attack())">',
  '<img """><script>attack()</script>">',
  '<svg/onload=attack()>',
  '<svg><script>attack()</script></svg>',
  '<svg><animate onbegin=attack() attributeName=x dur=1s>',
  '<math><mtext><table><mglyph><style><img src=x onerror=attack()></style></mglyph></table></mtext></math>',
  '<body onload=attack()>',
  '<video><source onerror="attack()"></video>',
  '<audio src=x onerror=attack()>',
  '<details open ontoggle=attack()>x</details>',
  '<input autofocus onfocus=attack()>',
  '<select autofocus onfocus=attack()></select>',
  '<marquee onstart=attack()>x</marquee>',
  '<iframe src="javascript:parent.attack()"></iframe>',
  '<iframe srcdoc="<script>parent.attack()</script>"></iframe>',
  '<object data="javascript:attack()"></object>',
  '<embed src="javascript:attack()">',
  '<base href="javascript:/a/-attack()///////">',
  '<link rel=stylesheet href="data:text/css,*{background:url(javascript:attack())}">',
  '<meta http-equiv="refresh" content="0;javascript:attack()">',
  '<style>@import "javascript:attack()";</style>',
  '<p style="background-image:url(javascript:attack())">x</p>',
  '<a href="javascript:attack()">click</a>',
  '<a href=" &#14; javascript:attack()">click</a>',
  '<a href="jav&#x09;ascript:attack()">click</a>',
  '<a href="vbscript:attack()">click</a>',
  '<a href="data:text/html,<script>opener.attack()</script>">click</a>',
  '[click](javascript:attack())',
  '[click](JaVaScRiPt:attack())',
  '[click](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;attack())',
  '[click](javascript&colon;attack())',
  '![x](x"onerror="attack())',
  '![x](javascript:attack())',
  '<javascript:attack()>',
  '[click]: javascript:attack()\n\n[click]',
  '<form action="javascript:attack()"><button>click</button></form>',
  '<form id=x></form><button form=x formaction="javascript:attack()">click</button>',
  '<template><script>attack()</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=attack()>">',
  '<!--><img src=x onerror=attack()>-->',
  '<![CDATA[><img src=x onerror=attack()>]]>',
  '<xss id=x tabindex=1 onfocus=attack() autofocus>x</xss>',
  '```html"><img src=x onerror=attack()>\ncode\n```',
];

describe.skipIf(!inject('chromium'))('a reader', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch(inject('chromium'));
  });

  afterAll(() => browser.close());

  /** A page that records every error in it. */
  async function openPage(
    options: Parameters<Browser['newPage']>[0] = {},
  ): Promise<Page & { faults: string[] }> {
    const page = await browser.newPage({ baseURL: site, ...options });
    const faults: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    return Object.assign(page, { faults });
  }

  it('goes from the list to a post, to older posts and back, without an error in the browser', async () => {
    const page = await openPage();
    await page.goto('/');
    const title = await page.locator('article h2').first().innerText();
    await page.locator('article h2 a').first().click();
    await page.waitForURL('**/posts/*');
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    expect(await page.title()).toBe(`${title} · Sealed`);
    await page.getByRole('link', { name: 'All posts' }).click();
    await page.getByRole('link', { name: 'Older posts' }).click();
    await page.waitForURL('**/older/*');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Latest posts' }).waitFor();
    expect(page.faults).toEqual([]);
    await page.close();
  });

  it('reads everything without JavaScript', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto('/');
    await page.locator('article h2 a').first().click();
    await page.waitForURL('**/posts/*');
    expect((await page.locator('main article').innerText()).length).toBeGreaterThan(500);
    await page.close();
  });

  it('can skip the header and reach the posts by keyboard', async () => {
    const page = await openPage();
    await page.goto('/');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('href')).toMatch(/^\/posts\//);
    await page.close();
  });

  it.each([
    ['light', 'phone', 360],
    ['dark', 'phone', 360],
    ['light', 'desktop', 1280],
    ['dark', 'desktop', 1280],
  ] as const)(
    'reads text with enough contrast, and never scrolls sideways: %s, %s',
    async (colorScheme, _, width) => {
      const page = await openPage({ colorScheme, viewport: { width, height: 800 } });
      await page.goto('/');
      const paths = await page
        .locator('article h2 a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      for (const path of ['/', ...paths.slice(0, 4), '/posts/nonesuch']) {
        await page.goto(path ?? '/');
        const { sideways, faint } = await page.evaluate(measureLook);
        expect({ path, sideways, faint }).toEqual({ path, sideways: false, faint: [] });
      }
      await page.close();
    },
  );

  it('runs no script from a post that holds every known attack, even after a click on what is left of it', async () => {
    const client = new pg.Client({
      connectionString: readFileSync(join(inject('siteFolder'), '.data/database_url'), 'utf8').trim(),
    });
    await client.connect();
    await client
      .query(
        `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
         VALUES ('attacks', 'attacks', $1, $2, true, now() - interval '9 years', now())`,
        ['<script>attack()</script>', ATTACKS.join('\n\n')],
      )
      .finally(() => client.end());
    // Also without the policy: the sanitizer alone has to be enough.
    const page = await openPage({ bypassCSP: true });
    let attacks = 0;
    await page.exposeFunction('attack', () => {
      attacks += 1;
    });
    page.on('dialog', () => {
      attacks += 1;
    });
    await expect
      .poll(async () => (await fetch(`${site}/posts/attacks`)).status, { timeout: 10_000 })
      .toBe(200);
    await page.goto('/posts/attacks');
    await page.getByText('All posts').waitFor();
    const protocols = await page
      .locator('main article a')
      .evaluateAll((links) =>
        links.map((link) => (link instanceof HTMLAnchorElement ? link.protocol : 'none')),
      );
    expect(protocols.filter((protocol) => !/^(https?:|:)?$/.test(protocol))).toEqual([]);
    for (const element of await page
      .locator('main article :is(button, input, summary, img, [tabindex])')
      .all()) {
      await element.evaluate((node) => {
        if (!(node instanceof HTMLElement)) return;
        node.focus();
        node.click();
      });
    }
    expect(attacks).toBe(0);
    await page.close();
  });
});
