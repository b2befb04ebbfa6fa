import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';
import { CHECKOUT_PAGE, type StripeServer, startStripe } from '../setup/stripe.ts';
import { launch } from './browser.ts';

describe.skipIf(!inject('chromium'))('a reader who supports the blog', () => {
  const key = `sk_test_${randomBytes(16).toString('hex')}`;
  let browser: Browser;
  let stripe: StripeServer;
  let site: Standalone;

  beforeAll(async () => {
    browser = await launch(inject('chromium'));
    stripe = await startStripe(key);
    site = await serveStandalone({ STRIPE_SECRET_KEY: key, STRIPE_API_URL: stripe.url });
  });

  afterAll(async () => {
    await browser.close();
    await site.stop();
    await stripe.close();
  });

  it.each([true, false])('sees the offer only if there is a key, with JavaScript: %s', async (script) => {
    for (const [url, offered] of [
      [site.url, true],
      [inject('siteUrl'), false],
    ] as const) {
      const page = await browser.newPage({ baseURL: url, javaScriptEnabled: script });
      await page.goto('/');
      const link = page.getByRole('link', { name: 'Support this blog' });
      expect(await link.isVisible()).toBe(offered);
      await page.goto('/support');
      expect(await page.getByRole('button', { name: 'Continue to payment' }).isVisible()).toBe(offered);
      expect(await page.getByText('We can’t accept support at the moment').isVisible()).toBe(!offered);
      await page.close();
    }
  });

  it("reaches Stripe's page by keyboard and without JavaScript, despite the content security policy", async () => {
    const page = await browser.newPage({ baseURL: site.url, javaScriptEnabled: false });
    await page.goto('/');
    await page.getByRole('link', { name: 'Support this blog' }).click();
    await page.getByRole('radio', { name: '5 €', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    // The browser has no internet access, so it fails there and not earlier.
    const asked = page.waitForEvent('requestfailed', (request) => request.url() === CHECKOUT_PAGE);
    await page.keyboard.press('Enter');
    expect((await asked).failure()?.errorText).toBe('net::ERR_NAME_NOT_RESOLVED');
    expect(
      new URLSearchParams(stripe.received.at(-1)?.body).get('line_items[0][price_data][unit_amount]'),
    ).toBe('1000');
    await page.close();
  });

  it('cannot be sent anywhere else by the form', async () => {
    stripe.trouble = [200, { url: 'https://elsewhere.example/pay' }];
    const page = await browser.newPage({ baseURL: site.url });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto('/support');
    const refused = page.waitForEvent('console', (message) => /form-action/.test(message.text()));
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await refused;
    expect(asked.filter((url) => url.includes('elsewhere.example'))).toEqual([]);
    stripe.trouble = undefined;
    await page.close();
  });

  it('is told that nothing was charged if Stripe fails, and can try again', async () => {
    stripe.trouble = [500, { error: { type: 'api_error' } }];
    const page = await browser.newPage({ baseURL: site.url });
    await page.goto('/support');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await page.getByRole('heading', { name: 'No payment was started' }).waitFor();
    stripe.trouble = undefined;
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Continue to payment' }).waitFor();
    await page.close();
  });
});
