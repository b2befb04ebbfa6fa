import { afterEach, describe, expect, it, vi } from 'vitest';
import { bearerToken } from '#requests/bearer.ts';
import { isFromOwnPage, siteOf } from '#requests/site.ts';

const asked = (headers: Record<string, string>) => new Request('http://127.0.0.1:3000/', { headers });

afterEach(() => vi.unstubAllEnvs());

describe('the address of the site', () => {
  it('is SITE_URL if that is set', () => {
    vi.stubEnv('SITE_URL', '"https://blog.example/"');
    expect(siteOf(asked({ host: 'elsewhere.example' })).href).toBe('https://blog.example/');
  });

  it.each([
    [{ host: 'blog.example' }, 'http://blog.example/'],
    [{ host: 'blog.example', 'x-forwarded-proto': 'https' }, 'https://blog.example/'],
    [{ host: 'blog.example', 'x-forwarded-proto': 'https,http' }, 'https://blog.example/'],
    [{ host: 'a b' }, 'http://127.0.0.1:3000/'],
  ])('is otherwise where the request was sent: %o', (headers, address) => {
    expect(siteOf(asked(headers)).href).toBe(address);
  });

  it.each(['blog.example', 'ftp://blog.example', 'javascript:alert(1)', 'https://blog.example/path'])(
    'is not built from the SITE_URL %s',
    (text) => {
      vi.stubEnv('SITE_URL', text);
      expect(() => siteOf(asked({ host: 'blog.example' }))).toThrow(
        'SITE_URL is not the address of a site. Set it, as in https://blog',
      );
    },
  );
});

describe('isFromOwnPage', () => {
  const host = 'blog.example';

  it.each<[boolean, Record<string, string>]>([
    [true, { host, 'sec-fetch-site': 'same-origin' }],
    [true, { host, origin: 'https://blog.example' }],
    [false, { host, 'sec-fetch-site': 'same-site', origin: 'https://blog.example' }],
    [false, { host, 'sec-fetch-site': 'cross-site' }],
    [false, { host, 'sec-fetch-site': 'none' }],
    [false, { host, origin: 'https://blog.example.elsewhere.example' }],
    [false, { host, origin: 'https://blog.example:8443' }],
    [false, { host, origin: 'null' }],
    [false, { host }],
  ])('is %s for %o', (own, headers) => {
    expect(isFromOwnPage(asked(headers))).toBe(own);
  });
});

describe('bearerToken', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc', 'abc'],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    [null, undefined],
  ])('reads %s as %s', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});
