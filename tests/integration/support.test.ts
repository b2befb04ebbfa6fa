import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';
import { CHECKOUT_PAGE, type StripeServer, startStripe } from '../setup/stripe.ts';

const key = `sk_test_${randomBytes(16).toString('hex')}`;

let stripe: StripeServer;
let site: Standalone;

beforeAll(async () => {
  stripe = await startStripe(key);
  site = await serveStandalone({ STRIPE_SECRET_KEY: key, STRIPE_API_URL: stripe.url });
});

afterAll(async () => {
  await site.stop();
  await stripe.close();
});

afterEach(() => {
  stripe.trouble = undefined;
  expect(site.log()).not.toContain(key);
});

const pay = (amount: string, headers: Record<string, string> = { Origin: site.url }, at = site) =>
  fetch(`${at.url}/support/checkout`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams({ amount }),
  });

const isOffered = async (server: Standalone) => {
  const styles = await fetch(`${server.url}/support/offer.css`);
  expect(styles.headers.get('cache-control')).toBe('public, max-age=60');
  expect(styles.headers.get('content-type')).toContain('text/css');
  return (await styles.text()).includes('display:revert');
};

async function withServer(variables: Record<string, string>, test: (server: Standalone) => Promise<void>) {
  const server = await serveStandalone({ STRIPE_API_URL: stripe.url, ...variables });
  await test(server).finally(server.stop);
}

describe('"Support this blog"', () => {
  it('is in finished pages, and shown by a stylesheet if there is a key', async () => {
    const page = await fetch(site.url);
    expect(await page.text()).toMatch(/<a href="\/support" data-support="offered">/);
    expect(await isOffered(site)).toBe(true);
  });

  it.each([
    ['without a key', {}],
    ["with Stripe's publishable key in its place", { STRIPE_SECRET_KEY: 'pk_test_0123456789' }],
  ])('stays hidden %s, and takes no payment', async (_, variables) => {
    await withServer(variables, async (server) => {
      expect(await isOffered(server)).toBe(false);
      expect(await isOffered(server)).toBe(false);
      const before = stripe.received.length;
      const refused = await pay('5', { Origin: server.url }, server);
      expect([refused.status, refused.headers.get('location')]).toEqual([303, '/support']);
      expect(stripe.received).toHaveLength(before);
      const said = server.log().match(/publishable key/g) ?? [];
      expect(said).toHaveLength('STRIPE_SECRET_KEY' in variables ? 1 : 0);
    });
  });

  it("leads to Stripe's page for the chosen amount, and back to the page of the form", async () => {
    const response = await pay('10');
    expect([response.status, response.headers.get('location')]).toEqual([303, CHECKOUT_PAGE]);
    const { headers, body } = stripe.received.at(-1) ?? {};
    expect(headers).toMatchObject({
      'stripe-version': expect.stringMatching(/^\d{4}-\d\d-\d\d\.\w+$/),
      'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'content-type': expect.stringContaining('application/x-www-form-urlencoded'),
    });
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      mode: 'payment',
      'line_items[0][price_data][unit_amount]': '1000',
      'line_items[0][price_data][currency]': 'eur',
      success_url: `${site.url}/support/thanks`,
      cancel_url: `${site.url}/support/cancelled`,
    });
    for (const path of ['/support/thanks', '/support/cancelled'])
      expect((await fetch(site.url + path)).status).toBe(200);
  });

  it('has Stripe lead back to SITE_URL, whatever the Host header says', async () => {
    await withServer({ STRIPE_SECRET_KEY: key, SITE_URL: 'https://blog.example/' }, async (server) => {
      expect((await pay('5', { Origin: 'https://blog.example' }, server)).status).toBe(303);
      expect(new URLSearchParams(stripe.received.at(-1)?.body).get('success_url')).toBe(
        'https://blog.example/support/thanks',
      );
      expect((await pay('5', { Origin: server.url }, server)).status).toBe(403);
    });
  });

  it.each(['0', '-5', '5.5', '1e9', 'NaN', '', '5'.repeat(20_000)])(
    'does not request an amount of "%.10s"',
    async (amount) => {
      const before = stripe.received.length;
      expect((await pay(amount)).headers.get('location')).toBe('/support');
      expect(stripe.received).toHaveLength(before);
    },
  );

  it.each<[string, Record<string, string>]>([
    ['another site', { Origin: 'https://elsewhere.example' }],
    ['another site, as the browser tells', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
    ['a sibling of this site', { 'Sec-Fetch-Site': 'same-site' }],
    ['nobody knows where', {}],
  ])('does not accept a form from %s', async (_, headers) => {
    const before = stripe.received.length;
    expect((await pay('5', headers)).status).toBe(403);
    expect(stripe.received).toHaveLength(before);
  });

  it.each<[string, StripeServer['trouble'], RegExp]>([
    [
      'a key that Stripe does not know',
      [401, { error: { type: 'invalid_request_error', message: `Invalid API Key provided: ${key}` } }],
      /^support: Stripe rejected the key \(401\)\. Check STRIPE_SECRET_KEY\./m,
    ],
    [
      'a request that failed',
      [402, { error: { type: 'card_error', message: key } }],
      /\(402\)\. Its dashboard/,
    ],
    ['a key that may not do this', [403, {}], /does not let this key take payments/],
    ['too many requests', [429, { error: { type: 'rate_limit_error' } }], /rate-limiting requests/],
    ["Stripe's own trouble", [500, { error: { type: 'api_error' } }], /Stripe failed \(500\)/],
    ['no answer', 'silence', /did not answer/],
    ['an answer without a page', [200, {}], /did not return the address/],
    ['a page that is not safe', [200, { url: 'http://elsewhere.example/pay' }], /did not return the address/],
    ['a page that is a script', [200, { url: 'javascript:alert(1)' }], /did not return the address/],
  ])(
    'tells the reader and the log about %s, on a page and in a line without the key',
    async (_, trouble, line) => {
      stripe.trouble = trouble;
      const before = site.log().length;
      const response = await pay('5');
      expect([response.status, response.headers.get('location')]).toEqual([303, '/support/trouble']);
      expect(JSON.stringify([...response.headers])).not.toContain(key);
      const said = site.log().slice(before);
      expect(said).toMatch(line);
      expect(said.trim().split('\n')).toHaveLength(1);
      const page = await (await fetch(`${site.url}/support/trouble`)).text();
      expect(page).toContain('No payment was started');
      expect(page).not.toContain(key);
    },
  );

  it('accepts the page of a stand-in for Stripe', async () => {
    stripe.trouble = [200, { url: `${stripe.url}/pay` }];
    expect((await pay('5')).headers.get('location')).toBe(`${stripe.url}/pay`);
  });

  it('says so if Stripe cannot be reached', async () => {
    await withServer({ STRIPE_SECRET_KEY: key, STRIPE_API_URL: 'http://127.0.0.1:9' }, async (server) => {
      const response = await pay('5', { Origin: server.url }, server);
      expect(response.headers.get('location')).toBe('/support/trouble');
      expect(server.log()).toMatch(/^support: Stripe at 127\.0\.0\.1:9 did not answer/m);
      expect(server.log()).not.toContain(key);
    });
  });

  it('does not start with an invalid address of the site or of Stripe', async () => {
    await expect(serveStandalone({ SITE_URL: 'blog.example', STRIPE_API_URL: 'nonsense' })).rejects.toThrow(
      /sealed: SITE_URL is not the address of a site\. Set it, as in https:\/\/blog\.example\.\nsealed: STRIPE_API_URL is not an address/,
    );
  });
});
