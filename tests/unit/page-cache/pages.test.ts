import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ContentChanges } from '#content-log/read.ts';
import type { Pack } from '#page-cache/pack.ts';
import { createPages } from '#page-cache/pages.ts';
import type { Rendered } from '#page-cache/render.ts';

const DOCUMENTS: Record<string, string> = {
  '/': '<html><body>The list</body></html>',
  '/posts/packed': '<html><body>The post</body></html>',
  '/_not-found': '<html><body>Page not found</body></html>',
  '/unavailable': '<html><body>Not available</body></html>',
};

const SHOWN = `${'a'.repeat(64)}.png`;
const HIDDEN = `${'b'.repeat(64)}.png`;

const pack: Pack = {
  slugs: ['packed', 'listed'],
  oldUrls: new Map([['packed', ['/old', '/posts/old', '/caf%C3%A9']]]),
  images: new Map([
    [SHOWN, ['packed']],
    [HIDDEN, ['withdrawn']],
  ]),
  paths: Object.keys(DOCUMENTS),
  html: (path) => DOCUMENTS[path],
};

function site(render: (path: string) => Promise<Rendered> = () => Promise.reject(new Error('away'))) {
  const rendered: string[] = [];
  const pages = createPages({
    pack,
    images: { answer: () => true },
    capacity: 64 * 2 ** 20,
    sharedMaxAge: 0,
    site: undefined,
    log: () => undefined,
    render: (path) => {
      rendered.push(path);
      return render(path);
    },
  });
  /** @returns status and body */
  const ask = async (url: string): Promise<[number, string]> => {
    const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url });
    const response = new ServerResponse(request);
    let body = '';
    const ended = new Promise<void>((resolve) => {
      response.end = ((chunk?: Buffer | string) => {
        body = String(chunk ?? '');
        resolve();
        return response;
      }) as typeof response.end;
    });
    expect(pages.answer(request, response)).toBe('page');
    await ended;
    return [response.statusCode, body];
  };
  /** @returns where a request is redirected with 308 */
  const locationOf = async (url: string): Promise<string | undefined> => {
    const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url });
    const response = new ServerResponse(request);
    let location: string | undefined;
    response.writeHead = ((status: number, headers: Record<string, string>) => {
      if (status === 308) location = headers.Location;
      return response;
    }) as typeof response.writeHead;
    pages.answer(request, response);
    return location;
  };
  /** @returns whether the image is answered without Next.js */
  const imageAt = (name: string): boolean => {
    const request = Object.assign(new IncomingMessage(new Socket()), {
      method: 'GET',
      url: `/images/${name}`,
    });
    return pages.answer(request, new ServerResponse(request)) === 'asset';
  };
  return { pages, rendered, ask, locationOf, imageAt };
}

describe('the pages of a server', () => {
  it('answer 50,000 unknown addresses with one stored page, and render none', async () => {
    const { pages, rendered, ask } = site();
    await ask('/posts/unknown');
    const before = pages.usage();
    for (let n = 0; n < 50_000; n++) {
      const [prefix, suffix] = [
        ['/posts/', ''],
        ['/older/', ''],
        ['/', ''],
        ['/posts/packed/', ''],
        ['/?', ''],
        ['/posts/%', '?a=b'],
      ][n % 6] as [string, string];
      const [status] = await ask(`${prefix}${n}${suffix}`);
      expect(status).toBe(prefix === '/?' ? 200 : 404);
    }
    expect(rendered).toEqual([]);
    expect(pages.usage().pages).toBe(before.pages + 1);
  });

  it('answer 503 for a listed post that cannot be rendered, and 404 for one that is not listed', async () => {
    const { ask } = site();
    expect(await ask('/posts/packed')).toEqual([200, expect.stringContaining('The post')]);
    expect(await ask('/posts/listed')).toEqual([503, expect.stringContaining('Not available')]);
    expect(await ask('/posts/unlisted')).toEqual([404, expect.stringContaining('Page not found')]);
  });

  it('answer 404 for a post as soon as its withdrawal is known, and show it again once it is back', async () => {
    const { pages, ask } = site(async () => ({ status: 200, html: '<html><body>Back</body></html>' }));
    const change = (visible: boolean) =>
      pages.expire({ everything: false, lists: true, posts: new Map([['packed', visible]]) });
    change(false);
    expect((await ask('/posts/packed'))[0]).toBe(404);
    change(true);
    expect(await ask('/posts/packed')).toEqual([200, expect.stringContaining('Back')]);
  });

  it('redirect an old URL to its post in any spelling and with its query, until the post is withdrawn', async () => {
    const { pages, locationOf } = site();
    const change = (visible: boolean, oldUrls: Record<string, string[]> = {}) =>
      pages.expire({
        everything: false,
        lists: true,
        posts: new Map([['packed', visible]]),
        oldUrls: new Map(Object.entries(oldUrls)),
      });
    const spellings = ['/old', '/old/', '/old?a=b', '/posts/old', '/caf%C3%A9', '/caf%c3%a9/', '/nonesuch'];
    expect(await Promise.all(spellings.map(locationOf))).toEqual([
      '/posts/packed',
      '/posts/packed',
      '/posts/packed?a=b',
      '/posts/packed',
      '/posts/packed',
      '/posts/packed',
      undefined,
    ]);
    change(true, { packed: ['/moved'] });
    expect(await Promise.all(['/old', '/moved'].map(locationOf))).toEqual([undefined, '/posts/packed']);
    change(false);
    expect(await locationOf('/moved')).toBeUndefined();
  });

  it('serve a packed image only while a post that readers may see shows it, and the database has not changed it', async () => {
    const { pages, imageAt } = site();
    const change = (changes: Partial<ContentChanges>) =>
      pages.expire({ everything: false, lists: true, posts: new Map(), ...changes });
    expect([imageAt(SHOWN), imageAt(HIDDEN)]).toEqual([true, false]);
    change({ posts: new Map([['packed', false]]) });
    expect(imageAt(SHOWN)).toBe(false);
    change({ posts: new Map([['packed', true]]) });
    expect(imageAt(SHOWN)).toBe(true);
    change({ everything: true, posts: new Map([['other', true]]) });
    expect(imageAt(SHOWN)).toBe(false);
    change({ posts: new Map([['packed', true]]), images: [SHOWN.split('.')[0] ?? ''] });
    expect(imageAt(SHOWN)).toBe(false);
  });

  it('serve the old page rather than one that lacks the navigation, because the database was away', async () => {
    const { pages, ask } = site(async () => ({
      status: 200,
      html: '<html><body><div data-incomplete="">New</div></body></html>',
    }));
    pages.expire({ everything: false, lists: true, posts: new Map() });
    expect(await ask('/')).toEqual([200, expect.stringContaining('The list')]);
  });

  it('render an address without a page once, until something changes', async () => {
    const { pages, rendered, ask } = site(async () => ({ status: 404, html: '' }));
    for (let n = 0; n < 3; n++) expect((await ask('/older/listed'))[0]).toBe(404);
    pages.expire({ everything: false, lists: true, posts: new Map([['packed', true]]) });
    await ask('/older/listed');
    expect(rendered).toEqual(['/older/listed', '/older/listed']);
  });

  it('serve the old page rather than one that would need a script, or one for which Next.js failed', async () => {
    for (const broken of [
      { status: 200, html: '<html><body>New<script>more()</script></body></html>' },
      { status: 500, html: '<html><body>Internal Server Error</body></html>' },
    ]) {
      const { pages, ask } = site(async () => broken);
      pages.expire({ everything: false, lists: true, posts: new Map() });
      expect(await ask('/')).toEqual([200, expect.stringContaining('The list')]);
    }
  });
});
