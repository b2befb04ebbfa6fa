import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { POST_ROUTES, screenRequest } from '#serving/screening.ts';

/** What Next.js would see of a GET with these headers. */
function passed(headers: Record<string, string>): Record<string, unknown> {
  const request = { method: 'GET', url: '/', headers: { ...headers } };
  expect(screenRequest(request as unknown as IncomingMessage, {} as ServerResponse)).toBe(false);
  return request.headers;
}

describe('screenRequest', () => {
  it('knows each route of the app that accepts POST, and no other', () => {
    const routes = readdirSync('src/app', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('route.ts'))
      .filter((path) => /\bPOST\b/.test(readFileSync(`src/app/${path}`, 'utf8')))
      .map((path) => `/${path.replaceAll('\\', '/').replace(/\/route\.ts$/, '')}`);
    expect([...POST_ROUTES].sort()).toEqual(routes.sort());
  });

  it.each([
    'next-action',
    'next-resume',
    'x-prerender-revalidate',
    'x-prerender-revalidate-if-generated',
    'x-next-revalidated-tags',
    'x-next-revalidate-tag-token',
    'x-nextjs-data',
    'x-nextjs-request-id',
    'x-middleware-subrequest',
    'x-middleware-prefetch',
    'x-matched-path',
    'x-now-route-matches',
    'x-invoke-path',
    'x-action-forwarded',
  ])('removes the header %s', (name) => {
    expect(passed({ host: 'a.example', [name]: '1' })).toEqual({ host: 'a.example' });
  });

  it('keeps what browsers and proxies send', () => {
    const headers = {
      host: 'a.example',
      rsc: '1',
      'next-router-state-tree': '["",{}]',
      'next-router-prefetch': '1',
      'next-router-segment-prefetch': '/_tree',
      'next-url': '/',
      'x-deployment-id': '1',
      'x-forwarded-proto': 'https',
      'if-none-match': '"a"',
      cookie: 'sealed_status=1.2; b="c;__next"',
    };
    expect(passed(headers)).toEqual(headers);
  });

  it.each([
    ['__prerender_bypass=a', undefined],
    ['a=b; __prerender_bypass=c; d=e;__next_preview_data=f', 'a=b; d=e'],
    [' __next_preview_data =f;\t__prerender_bypass\t=c;a=b', 'a=b'],
    ['__prerender_bypass', undefined],
    ['a=__prerender_bypass=1; __prerender_bypassed=1', 'a=__prerender_bypass=1; __prerender_bypassed=1'],
  ])('removes the cookies of preview mode from %j', (cookie, left) => {
    expect(passed({ cookie })).toEqual(left === undefined ? {} : { cookie: left });
  });
});
