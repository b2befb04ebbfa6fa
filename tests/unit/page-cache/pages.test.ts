import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Pack } from '#page-cache/pack.ts';
import { createPages } from '#page-cache/pages.ts';
import type { Rendered } from '#page-cache/render.ts';

const DOCUMENTS: Record<string, string> = {
  '/': '<html><body>The list</body></html>',
  '/posts/packed': '<html><body>The post</body></html>',
  '/_not-found': '<html><body>Page not found</body></html>',
  '/unavailable': '<html><body>Not available</body></html>',
};

const pack: Pack = {
  slugs: ['packed', 'listed'],
  paths: Object.keys(DOCUMENTS),
  html: (path) => DOCUMENTS[path],
};

function site(render: (path: string) => Promise<Rendered> = () => Promise.reject(new Error('away'))) {
  const rendered: string[] = [];
  const pages = createPages({
    pack,
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
  return { pages, rendered, ask };
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
