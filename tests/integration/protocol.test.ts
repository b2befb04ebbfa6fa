import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket, parseAnswer, sendRaw, untilClosed } from '../setup/raw-http.ts';
import { type Standalone, serveStandalone } from '../setup/standalone.ts';

const token = randomBytes(16).toString('hex');

let site: Standalone;

beforeAll(async () => {
  site = await serveStandalone({ REVALIDATE_TOKEN: token });
  // Next.js logs a line of its own when it is loaded.
  await (await fetch(`${site.url}/support/offer.css`)).text();
});

afterAll(() => site.stop());

/** The lines that the server logs while this runs. */
async function logged(run: () => Promise<unknown>): Promise<string> {
  const before = site.log().length;
  await run();
  // A request through Next.js, whose own lines would come before the response to this one.
  await (await fetch(`${site.url}/support/offer.css`)).text();
  return site.log().slice(before);
}

const MULTIPART = { 'Content-Type': 'multipart/form-data; boundary=x' };

describe('a page', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'])(
    'answers 405 to %s, lists the allowed methods, and logs nothing',
    async (method) => {
      const log = await logged(async () => {
        for (const path of ['/', '/posts/nonesuch', '/newsletter', '/nothing']) {
          const { status, headers } = await sendRaw(site.url, [`${method} ${path} HTTP/1.1`]);
          expect([path, status, headers.allow]).toEqual([path, 405, 'GET, HEAD']);
        }
      });
      expect(log).toBe('');
    },
  );

  it.each<[string, Record<string, string>, string]>([
    ['the id of a server action', { 'Next-Action': `00${'ab'.repeat(20)}` }, '[]'],
    [
      'a form of 1.2 MB',
      MULTIPART,
      `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n${'a'.repeat(1_200_000)}\r\n--x--`,
    ],
    [
      'a form that names an action',
      MULTIPART,
      `--x\r\nContent-Disposition: form-data; name="$ACTION_ID_00ab"\r\n\r\n\r\n--x--`,
    ],
    ['a form of URL-encoded fields', { 'Content-Type': 'application/x-www-form-urlencoded' }, 'a=b'],
  ])('parses no body that has %s', async (_, headers, body) => {
    const log = await logged(async () => {
      for (const path of ['/', '/support', '/status']) {
        const answer = await fetch(site.url + path, { method: 'POST', headers, body });
        expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD']);
      }
    });
    expect(log).toBe('');
  });

  it('ignores the id of a server action in a GET', async () => {
    const log = await logged(async () => {
      const answer = await fetch(site.url, { headers: { 'Next-Action': 'ab' } });
      expect([answer.status, await answer.text()]).toEqual([200, await (await fetch(site.url)).text()]);
    });
    expect(log).toBe('');
  });
});

describe('a route that accepts POST', () => {
  it.each(['/revalidate', '/status/sign-in', '/support/checkout'])('answers 405 to GET %s', async (path) => {
    const { status, headers } = await sendRaw(site.url, [`GET ${path} HTTP/1.1`]);
    expect([status, headers.allow]).toEqual([405, 'POST']);
  });

  it('also accepts it with the id of a server action', async () => {
    const answer = await fetch(`${site.url}/revalidate`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Next-Action': '00ab' },
      body: '{"slug":"a-post"}',
    });
    expect(answer.status).toBe(200);
  });

  it('answers a body that is too long with a 4xx status', async () => {
    const log = await logged(async () => {
      const answer = await fetch(`${site.url}/revalidate`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, ...MULTIPART },
        body: 'a'.repeat(2_000_000),
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    });
    expect(log).toBe('');
  });

  it('closes a body that trickles in for longer than 30 seconds, and logs nothing', async () => {
    const head = ['POST /revalidate HTTP/1.1', `Host: ${new URL(site.url).host}`, 'Content-Length: 1000'];
    const log = await logged(async () => {
      const socket = await openSocket(site.url);
      socket.write([...head, `Authorization: Bearer ${token}`, '', ''].join('\r\n'));
      const trickle = setInterval(() => socket.write('a'), 500);
      const begin = performance.now();
      const answer = parseAnswer(await untilClosed(socket));
      clearInterval(trickle);
      expect(answer.status).toBe(408);
      const seconds = (performance.now() - begin) / 1_000;
      expect(seconds).toBeGreaterThan(28);
      expect(seconds).toBeLessThan(36);
    });
    expect(log).toBe('');
  }, 60_000);
});

describe('the server', () => {
  it.each([
    ['*', 'GET, HEAD, POST'],
    ['/', 'GET, HEAD'],
    ['/revalidate', 'POST'],
  ])('answers OPTIONS %s with the allowed methods', async (target, allow) => {
    const log = await logged(async () => {
      const { status, headers } = await sendRaw(site.url, [`OPTIONS ${target} HTTP/1.1`]);
      expect([status, headers.allow]).toEqual([204, allow]);
    });
    expect(log).toBe('');
  });

  it.each([
    ['h2c', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']],
    [
      'websocket',
      ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA=='],
    ],
  ])('ignores an upgrade to %s, and responds', async (_, fields) => {
    for (const path of ['/', '/health']) {
      const socket = await openSocket(site.url);
      socket.write(
        [
          `GET ${path} HTTP/1.1`,
          'Host: a.example',
          'Connection: Upgrade, HTTP2-Settings, close',
          ...fields,
          '',
          '',
        ].join('\r\n'),
      );
      expect(parseAnswer(await untilClosed(socket)).status).toBe(200);
    }
  });

  it.each([
    'http://blog.example/',
    'HTTP://blog.example',
    'https://blog.example:8443/?a=b',
    'http://user@blog.example/',
  ])('accepts a request target in absolute form: %s', async (target) => {
    const { status, body } = await sendRaw(site.url, [`GET ${target} HTTP/1.1`]);
    expect(status).toBe(200);
    expect(body).toContain('<article');
  });

  it('uses the host of an absolute target instead of the header', async () => {
    const form = 'token=nonsense';
    const { status } = await sendRaw(
      site.url,
      [
        'POST http://blog.example/support/checkout HTTP/1.1',
        'Host: elsewhere.example',
        'Origin: http://blog.example',
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${form.length}`,
      ],
      form,
    );
    expect(status).toBe(303);
  });

  it.each(['GET * HTTP/1.1', 'GET http:/// HTTP/1.1', 'GET http://a%zz/ HTTP/1.1', 'GET /% HTTP/1.1'])(
    'answers 400 to %s',
    async (line) => {
      const log = await logged(async () => expect((await sendRaw(site.url, [line])).status).toBe(400));
      expect(log).toBe('');
    },
  );

  it('opens no tunnel', async () => {
    expect((await sendRaw(site.url, ['CONNECT a.example:443 HTTP/1.1'])).status).toBe(405);
  });

  it.each<[string, Record<string, string>]>([
    [
      'a segment that is none',
      { RSC: '1', 'Next-Router-Prefetch': '1', 'Next-Router-Segment-Prefetch': '/%zz' },
    ],
    ['a cookie that is none', { Cookie: '__prerender_bypass=%zz; a==;;' }],
    ['a state to resume', { 'Next-Resume': '1', 'X-Next-Resume-State-Length': '10' }],
  ])('does not fail for %s', async (_, headers) => {
    const log = await logged(async () => {
      for (const path of ['/', '/posts/nonesuch', '/status', '/support'])
        expect([path, (await fetch(site.url + path, { headers, redirect: 'manual' })).status]).not.toContain(
          503,
        );
    });
    expect(log).toBe('');
  });

  it.each<[string, Record<string, string>]>([
    ['RSC', { RSC: '1' }],
    ['a segment', { RSC: '1', 'Next-Router-Prefetch': '1', 'Next-Router-Segment-Prefetch': '/_tree' }],
    ['a router state', { RSC: '1', 'Next-Router-State-Tree': '%5B%22%22%2C%7B%7D%5D', 'Next-Url': '/' }],
    ['a router state that is malformed', { RSC: '1', 'Next-Router-State-Tree': '%zz' }],
  ])('answers a request for %s with the document', async (_, headers) => {
    const log = await logged(async () => {
      for (const path of ['/', '/support', '/posts/nonesuch']) {
        const [asked, plain] = await Promise.all(
          [headers, {}].map((sent) => fetch(`${site.url}${path}?_rsc=abc`, { headers: sent })),
        );
        expect([asked?.status, asked?.headers.get('content-type'), await asked?.text()]).toEqual([
          plain?.status,
          'text/html; charset=utf-8',
          await plain?.text(),
        ]);
      }
    });
    expect(log).toBe('');
  });

  it('redirects a URL with a trailing slash, and keeps the query and the method', async () => {
    for (const [method, path] of [
      ['GET', '/support/?a=b?c'],
      ['HEAD', '/posts/nonesuch/'],
      ['POST', '/revalidate/'],
    ] as const) {
      const answer = await fetch(site.url + path, { method, redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([308, path.replace(/\/(\?|$)/, '$1')]);
    }
    expect((await sendRaw(site.url, ['GET //elsewhere.example/ HTTP/1.1'])).status).toBe(404);
  });

  it.each([
    '/_global-error',
    '/_error',
    '/_app',
    '/_document',
    '/_not-found',
    '/500',
    '/404',
    '/_next/static/none.js',
    '/_next/data/x',
  ])('does not show a page of the framework at %s', async (path) => {
    const log = await logged(async () => {
      const answer = await fetch(site.url + path);
      expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('Page not found')]);
    });
    expect(log).toBe('');
  });
});
