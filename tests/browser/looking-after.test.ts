import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TEMPLATE_FILE } from '#newsletter/template.ts';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';
import { launch } from './browser.ts';
import { measureLook } from './look.ts';

const token = randomBytes(16).toString('hex');

/** What a template could try to do to anyone who previews it. Each would call `attack`, or leave the page. */
const HOSTILE = `<!doctype html><base href="https://elsewhere.example/"><meta http-equiv="refresh" content="0;https://elsewhere.example/">
<h1>From the provider</h1><script>parent.attack()</script><img src=x onerror="attack()"><svg onload="attack()"></svg>
<iframe src="javascript:parent.parent.attack()"></iframe><form action="javascript:attack()"><button>Send</button></form>
{{#each posts}}<p><a href="{{url}}">{{title}}</a></p>{{/each}}`;

let browser: Browser;
let site: Standalone;

describe.skipIf(!inject('chromium'))('an operator', () => {
  beforeAll(async () => {
    browser = await launch(inject('chromium'));
    site = await serveStandalone({ STATUS_TOKEN: token, STRIPE_SECRET_KEY: `sk_test_${token}` });
  });

  afterAll(async () => {
    await browser.close();
    await site.stop();
  });

  it('signs in without JavaScript, and is told if the token is wrong', async () => {
    const page = await browser.newPage({ baseURL: site.url, javaScriptEnabled: false });
    await page.goto('/status');
    for (const sent of ['nonsense', token]) {
      await page.getByLabel('STATUS_TOKEN').fill(sent);
      await page.keyboard.press('Enter');
      if (sent !== token) await page.getByRole('alert').waitFor();
    }
    await page.getByRole('heading', { name: 'Secrets' }).waitFor();
    await page.getByText(/pages as prerendered with the image/).click();
    await page.getByRole('link', { name: '/older/' }).first().waitFor();
    expect(page.url()).toBe(`${site.url}/status`);
    expect(await page.context().cookies()).toMatchObject([
      { name: 'sealed_status', path: '/status', httpOnly: true, sameSite: 'Strict', secure: false },
    ]);
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
      const page = await browser.newPage({
        baseURL: site.url,
        colorScheme,
        viewport: { width, height: 800 },
      });
      const faults: string[] = [];
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      const look = async () => ({ path: page.url(), ...(await page.evaluate(measureLook)) });
      const well = { sideways: false, faint: [] };
      for (const path of ['', '/thanks', '/cancelled', '/trouble'].map((end) => `/support${end}`)) {
        await page.goto(path);
        expect(await look()).toMatchObject(well);
      }
      await page.goto('/newsletter');
      expect(await look()).toMatchObject(well);
      const mail = await page.locator('iframe').elementHandle();
      expect(await (await mail?.contentFrame())?.evaluate(measureLook)).toEqual(well);
      await page.goto('/status?refused');
      expect(await look()).toMatchObject(well);
      await page.getByLabel('STATUS_TOKEN').fill(token);
      await page.keyboard.press('Enter');
      await page.getByText(/pages as prerendered with the image/).click();
      expect(await look()).toMatchObject(well);
      expect(faults).toEqual([]);
      await page.close();
    },
  );
});

describe.skipIf(!inject('chromium'))('the mail of a provider, on the page', () => {
  let build: string;
  let hostile: Standalone;
  let reader: Browser;

  beforeAll(async () => {
    reader = await launch(inject('chromium'));
    build = mkdtempSync(join(tmpdir(), 'sealed-hostile-'));
    const standalone = join(inject('siteFolder'), '.next/standalone');
    cpSync(standalone, build, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(build, TEMPLATE_FILE), JSON.stringify({ subject: 'News', html: HOSTILE }));
    hostile = await serveStandalone({ REVALIDATE_TOKEN: token }, build);
    const headers = { Authorization: `Bearer ${token}` };
    await fetch(`${hostile.url}/revalidate`, { method: 'POST', headers, body: '{"all":true}' });
  });

  afterAll(async () => {
    await reader.close();
    await hostile.stop();
    rmSync(build, { recursive: true });
  });

  it.each([true, false])(
    'runs no script and redirects nobody, even without the policy: %s',
    async (bypassCSP) => {
      const page = await reader.newPage({ baseURL: hostile.url, bypassCSP });
      let attacks = 0;
      await page.exposeFunction('attack', () => {
        attacks += 1;
      });
      await page.goto('/newsletter');
      const mail = page.frameLocator('iframe');
      if (!bypassCSP) {
        await mail.getByRole('heading', { name: 'From the provider' }).waitFor();
        await mail.getByRole('button', { name: 'Send' }).click();
      }
      expect(attacks).toBe(0);
      expect(page.url()).toBe(`${hostile.url}/newsletter`);
      await page.close();
    },
  );

  it('has links that lead to the posts', async () => {
    const page = await reader.newPage({ baseURL: hostile.url });
    await page.goto('/newsletter');
    const link = page.frameLocator('iframe').getByRole('link').first();
    const title = await link.innerText();
    await link.click();
    await page.waitForURL('**/posts/*');
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await page.close();
  });
});
