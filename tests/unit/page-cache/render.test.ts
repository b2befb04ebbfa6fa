import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createRenderer } from '#page-cache/render.ts';

describe('rendering pages', () => {
  it('renders ten at a time, and of those that wait, the newest first', async () => {
    const begun: { path: string; response: ServerResponse }[] = [];
    const render = createRenderer(async (request, response) => {
      begun.push({ path: request.url ?? '', response });
    });
    const paths = Array.from({ length: 12 }, (_, index) => `/${index}`);
    const rendered = paths.map((path) => render(path));
    await expect.poll(() => begun.map(({ path }) => path)).toEqual(paths.slice(0, 10));
    begun[0]?.response.end('one');
    expect(await rendered[0]).toEqual({ status: 200, html: 'one' });
    await expect.poll(() => begun.map(({ path }) => path)).toEqual([...paths.slice(0, 10), '/11']);
    // A render that fails makes room as well.
    begun[1]?.response.destroy();
    await expect(rendered[1]).rejects.toThrow();
    await expect.poll(() => begun.at(-1)?.path).toBe('/10');
    for (const { response } of begun) response.end('done');
    expect(await rendered[10]).toMatchObject({ html: 'done' });
  });
});
