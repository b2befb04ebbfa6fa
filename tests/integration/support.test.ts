import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HttpService, startService } from '../setup/http-service.ts';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';

const key = `sk_test_${randomBytes(16).toString('hex')}`;
const PAGE = 'https://checkout.stripe.com/c/pay/cs_test_1';

let answer: [number, object] | undefined;
let stripe: HttpService;
let site: Standalone;

beforeAll(async () => {
  stripe = await startService(() => answer);
  site = await serveStandalone({ STRIPE_SECRET_KEY: key, STRIPE_API_URL: stripe.url });
});

afterAll(async () => {
  await site.stop();
  await stripe.close();
});

afterEach(() => {
  expect(site.log()).not.toContain(key);
});

const pay = (amount: string, headers: Record<string, string> = {}) =>
  fetch(`${site.url}/support/checkout`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams({ amount }),
  });

const offered = async (server: Standalone) =>
  /offered"?\]\{display:revert/.test(await (await fetch(`${server.url}/support/offer.css`)).text());

describe('"Support this blog"', () => {
  it('is in generated pages, and shown by a stylesheet where there is a key', async () => {
    const page = await fetch(site.url);
    expect(page.headers.get('x-nextjs-cache')).toBe('HIT');
    expect(await page.text()).toMatch(/<a href="\/support" data-support="offered">/);
    expect(await offered(site)).toBe(true);
  });

  it('stays hidden without a key, and takes no payment', async () => {
    const without = await serveStandalone({ STRIPE_API_URL: stripe.url });
    try {
      expect(await offered(without)).toBe(false);
      const before = stripe.received.length;
      const refused = await fetch(`${without.url}/support/checkout`, {
        ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ amount: '5' }) },
      });
      expect([refused.status, refused.headers.get('location')]).toEqual([303, `${without.url}/support`]);
      expect(stripe.received).toHaveLength(before);
    } finally {
      await without.stop();
    }
  });

  it("leads to Stripe's page for the amount that was chosen", async () => {
    answer = [200, { id: 'cs_test_1', url: PAGE }];
    const response = await pay('10');
    expect([response.status, response.headers.get('location')]).toEqual([303, PAGE]);
    const { method, path, headers, body } = stripe.received.at(-1) ?? {};
    expect([method, path]).toEqual(['POST', '/v1/checkout/sessions']);
    expect(headers).toMatchObject({
      authorization: `Bearer ${key}`,
      'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'content-type': expect.stringContaining('application/x-www-form-urlencoded'),
    });
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      mode: 'payment',
      'line_items[0][price_data][unit_amount]': '1000',
      'line_items[0][price_data][currency]': 'eur',
      success_url: `${site.url}/support/thanks`,
      cancel_url: `${site.url}/support`,
    });
  });

  it.each(['0', '-5', '5.5', '1e9', 'NaN', ''])('does not ask for an amount of "%s"', async (amount) => {
    const before = stripe.received.length;
    expect((await pay(amount)).headers.get('location')).toBe(`${site.url}/support`);
    expect(stripe.received).toHaveLength(before);
  });

  it.each([[{ 'Sec-Fetch-Site': 'cross-site' }], [{ Origin: 'https://elsewhere.example' }]])(
    'does not take a form from another site, as %o',
    async (headers) => {
      expect((await pay('5', headers)).status).toBe(403);
    },
  );

  it.each<[string, [number, object], RegExp]>([
    [
      'a key that Stripe does not know',
      [401, { error: { message: `Invalid: ${key}` } }],
      /^support: Stripe does not know the key \(401\)\. Check STRIPE_SECRET_KEY\.$/m,
    ],
    ['a key that may not do this', [403, {}], /does not let this key take payments/],
    ['too many requests', [429, {}], /too many requests/],
    ["Stripe's own trouble", [500, {}], /trouble of its own \(500\)/],
    ['an answer without a page', [200, {}], /without the address of a page/],
    [
      'a page that is not safe',
      [200, { url: 'http://elsewhere.example/pay' }],
      /without the address of a page/,
    ],
    ['a page that is a script', [200, { url: 'javascript:alert(1)' }], /without the address of a page/],
  ])('tells the reader and the log of %s', async (_, given, line) => {
    answer = given;
    expect((await pay('5')).headers.get('location')).toBe(`${site.url}/support/trouble`);
    expect(site.log()).toMatch(line);
    const page = await fetch(`${site.url}/support/trouble`);
    expect(await page.text()).toContain('No payment was started');
  });
});
