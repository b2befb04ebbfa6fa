import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordRender, renderedPages } from '#page-cache/renders.ts';

beforeEach(() => {
  vi.stubGlobal('sealedRenders', undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the renders of this process', () => {
  it('lists each page once, with the reason for its last render, newest first', () => {
    recordRender('/posts/a', 'first read');
    recordRender('/', 'first read');
    recordRender('/posts/a', 'content changed');
    expect(renderedPages().map(({ path, reason }) => [path, reason])).toEqual([
      ['/posts/a', 'content changed'],
      ['/', 'first read'],
    ]);
  });

  it('remembers the last thousand pages', () => {
    for (let page = 0; page < 1_010; page++) recordRender(`/posts/${page}`, 'first read');
    const rendered = renderedPages();
    expect(rendered).toHaveLength(1_000);
    expect(rendered.at(-1)?.path).toBe('/posts/10');
  });
});
