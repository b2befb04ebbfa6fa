import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ContentChanges } from '#content-log/read.ts';
import { LISTS_TAG, postTag } from '#content-log/tags.ts';
import { type FinishedPage, finishedPage } from '#page-cache/page.ts';
import { createPageStore } from '#page-cache/store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const page = (html: string, tags: string[] = [LISTS_TAG]) => finishedPage({ status: 200, html, tags }, {});

const change = (posts: Record<string, boolean> = { a: true }): ContentChanges => ({
  everything: false,
  lists: true,
  posts: new Map(Object.entries(posts)),
});

/** A store whose renders end when the test says so. */
function storeOf({ capacity = 1_000_000, image = {} as Record<string, FinishedPage> } = {}) {
  const renders: {
    path: string;
    end: (page: FinishedPage | undefined) => void;
    fail: (error: Error) => void;
  }[] = [];
  const lines: string[] = [];
  const store = createPageStore({
    capacity,
    packed: (path) => image[path],
    log: (line) => lines.push(line),
    rendered: () => undefined,
    failed: () => undefined,
    render: (path) =>
      new Promise((end, fail) => {
        renders.push({ path, end, fail });
      }),
  });
  return { store, renders, lines };
}

const html = async (answer: FinishedPage | Promise<FinishedPage | undefined>) =>
  (await answer)?.as('identity').body.toString();

describe('the page store', () => {
  it('serves a fresh page at once, and renders an unknown one once for everyone who waits', async () => {
    const { store, renders } = storeOf();
    const readers = Array.from({ length: 1_000 }, () => html(store.get('/')));
    renders[0]?.end(page('one'));
    expect(new Set(await Promise.all(readers))).toEqual(new Set(['one']));
    expect(store.get('/')).not.toBeInstanceOf(Promise);
    expect(renders.length).toBe(1);
  });

  it('gives the next reader of an expired page the new one if it is ready within 300 ms', async () => {
    const { store, renders } = storeOf({ image: { '/': page('old') } });
    store.expire(change());
    const reader = html(store.get('/'));
    await vi.advanceTimersByTimeAsync(299);
    renders[0]?.end(page('new'));
    expect(await reader).toBe('new');
  });

  it('gives the next readers the old page after 300 ms, and later ones the new page, for one render', async () => {
    const { store, renders } = storeOf({ image: { '/': page('old') } });
    store.expire(change());
    const first = Array.from({ length: 1_000 }, () => html(store.get('/')));
    await vi.advanceTimersByTimeAsync(300);
    expect(new Set(await Promise.all(first))).toEqual(new Set(['old']));
    const second = html(store.get('/'));
    await vi.advanceTimersByTimeAsync(1_000);
    renders[0]?.end(page('new'));
    expect([await second, renders.length]).toEqual(['new', 1]);
  });

  it('makes readers wait up to 2.5 s for a page that names a withdrawn post', async () => {
    const { store, renders } = storeOf({ image: { '/': page('old') } });
    store.expire(change({ a: false }));
    const reader = html(store.get('/'));
    await vi.advanceTimersByTimeAsync(2_400);
    renders[0]?.end(page('new'));
    expect(await reader).toBe('new');
  });

  it('keeps serving the old page if a render fails, logs it once, and retries after a pause', async () => {
    const { store, renders, lines } = storeOf({ image: { '/': page('old') } });
    store.expire(change({ a: false }));
    const readers = [html(store.get('/')), html(store.get('/'))];
    renders[0]?.fail(new Error('The database is down.'));
    expect(await Promise.all(readers)).toEqual(['old', 'old']);
    expect(lines).toEqual([
      'pages: / could not be rendered, so its last version stays in service. The database is down.',
    ]);
    expect(store.get('/')).not.toBeInstanceOf(Promise);
    await vi.advanceTimersByTimeAsync(1_000);
    const again = html(store.get('/'));
    renders[1]?.fail(new Error('The database is down.'));
    expect([await again, lines.length]).toEqual(['old', 1]);
    await vi.advanceTimersByTimeAsync(1_000);
    const retried = html(store.get('/'));
    renders[2]?.end(page('new'));
    expect(await retried).toBe('new');
  });

  it('rejects if there is no old page to serve, and stores nothing', async () => {
    const { store, renders } = storeOf();
    const reader = store.get('/posts/a');
    renders[0]?.fail(new Error('The database is down.'));
    await expect(reader).rejects.toThrow('The database is down.');
    expect(store.usage().pages).toBe(0);
  });

  it('stores nothing for a page that does not exist, or no longer does', async () => {
    const { store, renders } = storeOf({ image: { '/posts/a': page('old', [postTag('a')]) } });
    const unknown = html(store.get('/posts/b'));
    renders[0]?.end(undefined);
    expect(await unknown).toBe(undefined);
    store.expire(change({ a: false }));
    const withdrawn = html(store.get('/posts/a'));
    renders[1]?.end(undefined);
    expect([await withdrawn, store.usage().bytes]).toEqual([undefined, 0]);
  });

  it('expires only the pages that show what changed, or all of them if the log cannot tell', () => {
    const image = { '/posts/a': page('a', [postTag('a')]), '/posts/b': page('b', [postTag('b')]) };
    const { store, renders } = storeOf({ image });
    store.expire(change({ a: true }));
    void store.get('/posts/a');
    void store.get('/posts/b');
    expect(renders.map(({ path }) => path)).toEqual(['/posts/a']);
    store.expire({ everything: true, lists: true, posts: new Map() });
    void store.get('/posts/b');
    expect(renders.map(({ path }) => path)).toEqual(['/posts/a', '/posts/b']);
  });

  it('stores a page as expired if its content changed while it was being rendered', async () => {
    const { store, renders } = storeOf();
    const first = html(store.get('/'));
    store.expire(change());
    renders[0]?.end(page('rendered before the change'));
    expect(await first).toBe('rendered before the change');
    const second = html(store.get('/'));
    renders[1]?.end(page('rendered after it'));
    expect(await second).toBe('rendered after it');
    expect(store.get('/')).not.toBeInstanceOf(Promise);
  });

  it('makes readers wait for the next render if the current one started before a post was withdrawn', async () => {
    const { store, renders } = storeOf({ image: { '/': page('old') } });
    store.expire(change());
    const before = html(store.get('/'));
    store.expire(change({ b: false }));
    const after = html(store.get('/'));
    renders[0]?.end(page('names b'));
    await vi.advanceTimersByTimeAsync(500);
    renders[1]?.end(page('without b'));
    expect([await before, await after, renders.length]).toEqual(['without b', 'without b', 2]);
  });

  it('does not return to the image version within 2.5 s once a reader saw a newer one', async () => {
    const image = { '/': page('old'), '/posts/a': page('x'.repeat(1_000), [postTag('a')]) };
    const { store, renders } = storeOf({ capacity: 500, image });
    store.expire(change({ b: true }));
    const first = html(store.get('/'));
    renders[0]?.end(page('new'));
    expect(await first).toBe('new');
    void store.get('/posts/a');
    const second = html(store.get('/'));
    await vi.advanceTimersByTimeAsync(2_400);
    renders[1]?.end(page('new'));
    expect(await second).toBe('new');
  });

  it('evicts the least recently used pages, and uses the image version if one is requested again', async () => {
    const digits = (seed: number) => Array.from({ length: 1_000 }, (_, i) => (i * i * seed) % 10).join('');
    const image = { '/1': page(digits(1)), '/2': page(digits(3)), '/3': page(digits(7)) };
    const { store, renders } = storeOf({ capacity: 2_500, image });
    for (const path of ['/1', '/2', '/1', '/3']) void store.get(path);
    expect(store.usage()).toEqual({ bytes: 2_000, pages: 2 });
    expect(await html(store.get('/2'))).toBe(digits(3));
    expect(renders).toEqual([]);
  });

  it('counts the encodings of a page towards its size', () => {
    const { store } = storeOf({ image: { '/1': page('x'.repeat(1_000)) } });
    (store.get('/1') as FinishedPage).as('gzip');
    void store.get('/1');
    expect(store.usage().bytes).toBeGreaterThan(1_000);
  });

  it("expires the image's version of a page that changed before it was first requested", () => {
    const { store, renders } = storeOf({ image: { '/': page('old') } });
    store.expire(change());
    void store.get('/');
    expect(renders.map(({ path }) => path)).toEqual(['/']);
  });
});
