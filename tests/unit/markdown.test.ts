import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { excerpt, renderMarkdown } from '#posts/markdown.ts';

const html = async (markdown: string) => renderToStaticMarkup(await renderMarkdown(markdown));

describe('renderMarkdown', () => {
  it('renders tables, task lists and strikethrough', async () => {
    const rendered = await html('| a |\n| - |\n| b |\n\n- [x] done\n\n~~gone~~');
    expect(rendered).toContain('<td>b</td>');
    expect(rendered).toContain('type="checkbox"');
    expect(rendered).toContain('<del>gone</del>');
  });

  it('highlights code on the server, including Dockerfiles', async () => {
    expect(await html('```ts\nconst a = 1;\n```')).toContain('hljs-keyword');
    expect(await html('```dockerfile\nRUN true\n```')).toContain('hljs-keyword');
  });

  it('leaves code in an unknown language unchanged', async () => {
    expect(await html('```nonesuch\n<a> & b\n```')).toContain('&lt;a&gt; &amp; b');
  });

  it('makes anything that can be wider than a phone reachable by keyboard', async () => {
    expect(await html('```sh\nls\n```')).toMatch(/<pre[^>]*tabindex="0"/);
    expect(await html('| a |\n| - |\n| b |')).toMatch(/<div[^>]*tabindex="0"[^>]*><table>/);
  });

  it('links footnotes to their notes and back', async () => {
    const rendered = await html('Text.[^1]\n\n[^1]: Note.');
    const target = /href="#([^"]+)"/.exec(rendered)?.[1];
    expect(rendered).toContain(`id="${target}"`);
    expect(rendered).toMatch(/href="#user-content-fnref-1"/);
    expect(rendered).toContain('id="user-content-fnref-1"');
  });

  it('shows stored images at their own address, with their dimensions', async () => {
    const image = { hash: 'a'.repeat(64), type: 'png' as const, width: 30, height: 20 };
    const images = { 'img/a b.png': image, '/x.gif': { ...image, type: 'gif' as const } };
    const rendered = renderToStaticMarkup(
      await renderMarkdown(
        '![A](./img/a%20b.png?v=2) ![G](/x.gif) ![other](other.png) <img src="img/a b.png" width="3" alt="">',
        images,
      ),
    );
    const src = `/images/${'a'.repeat(64)}`;
    expect(rendered).toContain(`<img src="${src}.png" alt="A" width="30" height="20" loading="lazy"/>`);
    expect(rendered).toContain(`<img src="${src}.gif" alt="G" width="30" height="20" loading="lazy"/>`);
    expect(rendered).toContain('<img src="other.png" alt="other"/>');
    expect(rendered).toContain(`<img src="${src}.png" width="3" alt="" loading="lazy"/>`);
  });

  it('keeps harmless HTML', async () => {
    expect(await html('Press <kbd>Tab</kbd>.')).toContain('<kbd>Tab</kbd>');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<form action="javascript:alert(1)"><button>x</button></form>',
    '<style>body{display:none}</style>',
    '<p style="background:url(javascript:alert(1))">x</p>',
  ])('makes %s harmless', async (markdown) => {
    const rendered = await html(markdown);
    expect(rendered).not.toMatch(
      /<script|<iframe|<svg|<form|<style|style=|onerror|onload|(href|src)="(javascript|data):/i,
    );
  });

  it.each(['content', 'constructor', '__next'])(
    'drops the id %s, which could shadow one of the page',
    async (id) => {
      expect(await html(`<p id="${id}">x</p>`)).not.toContain(`id="${id}"`);
    },
  );
});

describe('excerpt', () => {
  it('is the first paragraph without its markup', () => {
    expect(excerpt('## Heading\n\nA *first* [paragraph](/x)[^1] with `code`.\n\nA second.\n\n[^1]: n')).toBe(
      'A first paragraph with code.',
    );
  });

  it('shortens a long paragraph at a word boundary', () => {
    const cut = excerpt('word '.repeat(100));
    expect(cut).toMatch(/ word…$/);
    expect(cut.length).toBeLessThanOrEqual(281);
  });

  it('is empty if there is no paragraph', () => {
    expect(excerpt('```sh\nls\n```')).toBe('');
  });
});
