import { randomBytes } from 'node:crypto';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_NAMES } from '#secrets/index.ts';
import { type Standalone, serveStandalone, siteAddress } from '../setup/standalone.ts';

describe('/metrics', () => {
  let site: Standalone;
  let port: number;
  const revalidateToken = randomBytes(24).toString('hex');

  const scrape = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return { type: answer.headers.get('content-type'), text: await answer.text() };
  };
  const sample = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1),
    );

  beforeAll(async () => {
    port = await getPort({ host: '127.0.0.1' });
    site = await serveStandalone({ METRICS_PORT: String(port), REVALIDATE_TOKEN: revalidateToken });
  });

  afterAll(() => site.stop());

  it('counts requests by what answered them, and renders by their reason', async () => {
    const paths = ['/', '/', '/posts/nonesuch', '/health', '/status', '/support/offer.css'];
    for (const path of paths) await (await fetch(site.url + path)).arrayBuffer();
    await fetch(`${site.url}/revalidate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${revalidateToken}` },
      body: JSON.stringify({ all: true }),
    });
    await (await fetch(site.url)).text();
    const { type, text } = await scrape();
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const counted = (kind: string, status: number) =>
      sample(text, `sealed_http_request_duration_seconds_count{kind="${kind}",status="${status}"}`);
    expect(counted('page', 200)).toBe(3);
    expect(counted('page', 404)).toBe(2);
    expect(counted('health', 200)).toBe(1);
    expect(counted('handler', 200)).toBeGreaterThanOrEqual(1);
    expect(sample(text, 'sealed_pages_rendered_total{reason="content changed"}')).toBeGreaterThanOrEqual(1);
    expect(sample(text, 'sealed_http_requests_in_flight')).toBe(0);
    expect(sample(text, 'sealed_database_up')).toBe(1);
    expect(sample(text, 'sealed_content_log_lag_seconds')).toBeLessThan(5);
    expect(sample(text, 'sealed_secret_age_seconds{secret="DATABASE_URL"}')).toBeGreaterThan(0);
    expect(text.match(/^# TYPE /gm)?.length).toBeGreaterThanOrEqual(20);
  });

  it('has no label from a request, and no secret', async () => {
    const planted = randomBytes(8).toString('hex');
    await fetch(`${site.url}/posts/${planted}?email=${planted}@example.com`, {
      headers: { 'x-request-id': planted, 'user-agent': planted },
    });
    const { text } = await scrape();
    expect(text).not.toContain(planted);
    expect(text).not.toContain(siteAddress().password);
    expect(text).not.toContain(revalidateToken);
    const names = [...text.matchAll(/secret="([^"]+)"/g)].map(([, name]) => name);
    for (const name of names) expect(SECRET_NAMES).toContain(name);
  });

  it('is not served on the port of the site, nor anything else on its own port', async () => {
    expect((await fetch(`${site.url}/metrics`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  });
});

describe('the id of a request', () => {
  it('is in each log line of that request: the one that a proxy sent, or a new one', async () => {
    const site = await serveStandalone({
      LOG_FORMAT: 'json',
      STRIPE_API_URL: 'http://127.0.0.1:9',
      STRIPE_SECRET_KEY: 'rk_test_0123456789abcdefghijklmn',
    });
    try {
      const checkout = (headers: Record<string, string>) =>
        fetch(`${site.url}/support/checkout`, {
          method: 'POST',
          redirect: 'manual',
          headers: {
            origin: site.url,
            'content-type': 'application/x-www-form-urlencoded',
            ...headers,
          },
          body: 'amount=5',
        });
      await checkout({ 'x-request-id': 'proxy-1' });
      await checkout({ 'x-request-id': 'a reader@example.com' });
      const lines = site
        .log()
        .split('\n')
        .filter((line) => line.includes('Stripe'))
        .map((line) => JSON.parse(line) as { requestId?: string });
      expect(lines[0]?.requestId).toBe('proxy-1');
      expect(lines[1]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
    } finally {
      await site.stop();
    }
  });
});
