import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendRaw } from '../setup/raw-http.ts';
import { makeOwnBuild, type OwnBuild, type Standalone, serveStandalone } from '../setup/standalone.ts';

const POST = '/posts/a-secret-has-a-phase';
const PAGES = ['/', POST, '/newsletter', '/newsletter/mail', '/support', '/posts/nonesuch', '/nonesuch'];

let build: OwnBuild;
let site: Standalone;

beforeAll(async () => {
  build = await makeOwnBuild();
  site = await serveOwn();
});

afterAll(async () => {
  await site.stop();
  build.remove();
});

const serveOwn = (variables: Record<string, string> = {}) =>
  serveStandalone({ DATABASE_URL_FILE: '', DATABASE_URL: build.database.url, ...variables }, build.folder);

/** Sends none of the headers that `fetch` adds by itself, and decodes nothing. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const asked = request(`${site.url}${path}`, { method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      asked.once('error', reject).end();
    },
  );
}

describe('a finished page', () => {
  it('needs no script: the first visit to each loads documents and stylesheets only', async () => {
    for (const path of PAGES) {
      const html = (await ask(path)).body.toString();
      expect([path, /<script|rel="(?:expect|modulepreload)"|as="script"|__next_f/.exec(html)?.[0]]).toEqual([
        path,
        undefined,
      ]);
    }
  });

  it.each<[string, string | undefined, string | undefined]>([
    ['nothing', undefined, undefined],
    ['what browsers accept', 'gzip, deflate, br, zstd', 'br'],
    ['gzip alone', 'gzip', 'gzip'],
    ['gzip rather than br', 'br;q=0.5, gzip;q=0.9', 'gzip'],
    ['br refused', 'br;q=0, gzip', 'gzip'],
    ['everything refused but identity', 'identity, *;q=0', undefined],
    ['anything', '*', 'br'],
    ['an unknown coding', 'snappy', undefined],
    ['an empty header', '', undefined],
    ['capitals and spaces', ' GZIP ; Q=1.0 ', 'gzip'],
    ['a weight that is none', 'br;q=high, gzip;q=0.1', 'gzip'],
    ['ten thousand codings', `${'x,'.repeat(5_000)}gzip`, 'gzip'],
  ])('has a body in an encoding that the client accepts: %s', async (_, accepted, coding) => {
    const plain = await ask(POST);
    const { status, headers, body } = await ask(
      POST,
      accepted === undefined ? {} : { 'Accept-Encoding': accepted },
    );
    expect([status, headers['content-encoding'], headers.vary]).toEqual([200, coding, 'Accept-Encoding']);
    expect(headers['content-length']).toBe(String(body.length));
    const decoded =
      coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
    expect(decoded.equals(plain.body)).toBe(true);
  });

  it('has an ETag for each encoding, and answers 304 to a client that has that body', async () => {
    const etags = new Set<string>();
    for (const coding of ['identity', 'gzip', 'br']) {
      const accepting = { 'Accept-Encoding': coding };
      const etag = String((await ask(POST, accepting)).headers.etag);
      etags.add(etag);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const { status, headers, body } = await ask(POST, { ...accepting, 'If-None-Match': known });
        expect([known, status, body.length, headers.etag]).toEqual([known, 304, 0, etag]);
        expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate');
      }
      expect((await ask(POST, { ...accepting, 'If-None-Match': '"other"' })).status).toBe(200);
    }
    expect(etags.size).toBe(3);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    for (const path of [...PAGES, '/speculation-rules.json']) {
      const [get, head] = [await ask(path), await ask(path, {}, 'HEAD')];
      const { date: _, ...expected } = get.headers;
      const { date: __, ...found } = head.headers;
      expect([path, head.status, found, head.body.length]).toEqual([path, get.status, expected, 0]);
    }
  });

  it('is the same for every query', async () => {
    for (const path of PAGES) {
      const [plain, queried] = [await ask(path), await ask(`${path}?utm_source=x&page=2`)];
      expect([path, queried.headers.etag, queried.status]).toEqual([path, plain.headers.etag, plain.status]);
    }
  });

  it('may be kept by shared caches for SHARED_MAX_AGE seconds, and by browsers only with revalidation', async () => {
    const shared = await serveOwn({ SHARED_MAX_AGE: '60' });
    try {
      for (const path of ['/', '/nonesuch'])
        expect((await fetch(shared.url + path)).headers.get('cache-control')).toBe(
          'public, max-age=0, must-revalidate, s-maxage=60',
        );
    } finally {
      await shared.stop();
    }
  });

  it('is never cached if it is made for one visitor, or unavailable', async () => {
    const apart = await serveStandalone(
      { DATABASE_URL_FILE: '', STATUS_TOKEN: 'a-token-of-at-least-32-characters' },
      build.folder,
    );
    try {
      const status = await fetch(`${apart.url}/status`);
      expect([status.status, status.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
      const unavailable = await fetch(`${apart.url}/unavailable`);
      expect([unavailable.status, unavailable.headers.get('cache-control')]).toEqual([503, 'no-store']);
    } finally {
      await apart.stop();
    }
  });
});

describe('the content security policy', () => {
  it('allows nothing inline in any HTML response except the mail, and no script at all in the mail', async () => {
    for (const path of [...PAGES, '/status', '/unavailable', '/_next/none', '/older/nonesuch']) {
      const policy = String((await ask(path)).headers['content-security-policy']);
      if (path === '/newsletter/mail')
        expect(policy).toMatch(/^default-src 'none'.*; sandbox(?!.*allow-scripts)/);
      else
        expect([path, policy, policy.includes('unsafe')]).toEqual([
          path,
          expect.stringMatching(/script-src '(self|none)'; style-src 'self'/),
          false,
        ]);
    }
  });
});

describe('a visitor', () => {
  /** What an attacker could send to change what others read. */
  const HOSTILE: Record<string, string>[] = [
    {
      Host: 'evil.example',
      'User-Agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      Cookie: '__prerender_bypass=evil; __next_preview_data=evil; sealed_status=evil',
      Authorization: 'Bearer evil',
      'X-Original-Url': '/evil',
      'X-Rewrite-Url': '/evil',
    },
    {
      'User-Agent': 'Twitterbot/1.0',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '1337',
      Forwarded: 'host=evil.example;proto=https',
      'X-Prerender-Revalidate': 'evil',
      'X-Next-Revalidated-Tags': 'lists',
      Accept: 'text/x-component',
      'Accept-Language': 'xx-EVIL',
      'Sec-Purpose': 'prefetch',
    },
    {
      RSC: '1',
      'Next-Router-Prefetch': '1',
      'Next-Router-Segment-Prefetch': '/_tree',
      'Next-Router-State-Tree': '%5B%22evil%22%2C%7B%7D%5D',
      'Next-Url': '/evil',
      'Next-Action': '00ab',
      'Next-Resume': '1',
      'X-Middleware-Subrequest': 'middleware:middleware',
      'X-Middleware-Rewrite': '/status',
      'X-Middleware-Prefetch': '1',
      'X-Nextjs-Data': '1',
      'X-Matched-Path': '/evil',
      'X-Invoke-Path': '/evil',
    },
    {
      'Accept-Encoding': `${'evil;q=0.1,'.repeat(500)}gzip;q=NaN, br;q=-1, *;q=9`,
      Range: 'bytes=0-10',
      'If-Range': '"evil"',
      'If-Modified-Since': 'Mon, 01 Jan 2035 00:00:00 GMT',
    },
  ];

  it('cannot change with any header what others read, even if the page is rendered for that very request', async () => {
    const [honest, attacked] = [await serveOwn(), await serveOwn()];
    try {
      for (const headers of HOSTILE) {
        await build.database.query('SELECT content_changed_all()');
        // Both have read the log by the time the other servers of the suite have, in 0.2 s.
        await new Promise((resolve) => setTimeout(resolve, 300));
        for (const path of PAGES) {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
          const first = await sendRaw(attacked.url, [`GET ${path}?evil=1 HTTP/1.1`, ...lines]);
          const [expected, found] = await Promise.all(
            [honest, attacked].map(async ({ url }) => {
              await (await fetch(url + path)).text();
              const answer = await fetch(url + path);
              const { date: _, ...sent } = Object.fromEntries(answer.headers);
              return { status: answer.status, sent, body: await answer.text() };
            }),
          );
          expect(first.status).toBe(expected?.status);
          expect(`${first.body}${JSON.stringify(first.headers)}`).not.toContain('evil');
          expect([headers, path, found?.status, found?.sent, found?.body === expected?.body]).toEqual([
            headers,
            path,
            expected?.status,
            expected?.sent,
            true,
          ]);
        }
      }
    } finally {
      await Promise.all([honest.stop(), attacked.stop()]);
    }
  }, 90_000);
});

describe('an asset', () => {
  it('may be cached forever, since its name changes with its content', async () => {
    const html = (await ask('/')).body.toString();
    const stylesheets = [...html.matchAll(/href="(\/_next\/static\/[^"]+\.css)"/g)].map(([, path]) => path);
    expect(stylesheets.length).toBeGreaterThan(0);
    for (const path of stylesheets) {
      const { status, headers } = await ask(path ?? '');
      expect([status, headers['cache-control'], headers['content-type']]).toEqual([
        200,
        'public, max-age=31536000, immutable',
        'text/css; charset=utf-8',
      ]);
      const plain = (await ask(path ?? '')).body;
      for (const [coding, decode] of [
        ['br', brotliDecompressSync],
        ['gzip', gunzipSync],
      ] as const) {
        const encoded = await ask(path ?? '', { 'Accept-Encoding': coding });
        expect(encoded.headers['content-encoding']).toBe(coding);
        expect(decode(encoded.body).equals(plain)).toBe(true);
      }
    }
  });

  it('is the current style, and uncacheable, if a page of another release asks for a stylesheet that is gone', async () => {
    const gone = await ask('/_next/static/chunks/0123456789abcdef.css');
    expect([gone.status, gone.headers['cache-control'], gone.headers['content-type']]).toEqual([
      200,
      'no-store',
      'text/css; charset=utf-8',
    ]);
    const html = (await ask('/')).body.toString();
    const [, current = ''] = /href="(\/_next\/static\/[^"]+\.css)"/.exec(html) ?? [];
    expect(gone.body.includes((await ask(current)).body)).toBe(true);
    expect((await ask('/_next/static/chunks/0123456789abcdef.js')).status).toBe(404);
  });

  it('comes only from the build', async () => {
    for (const path of [
      '/_next/static/../BUILD_ID',
      '/_next/static/..%2fBUILD_ID',
      '/_next/static/',
      '/_next/',
    ])
      expect([path, (await sendRaw(site.url, [`GET ${path} HTTP/1.1`])).status]).toEqual([path, 404]);
  });
});
