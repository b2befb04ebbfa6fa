import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { finishHtml, UnfinishedPage } from '#page-cache/finish.ts';
import { allowInlineScripts } from '#page-cache/hydrated.ts';

const page = (head: string, body: string) =>
  `<!DOCTYPE html><html lang="en"><head>${head}</head><body><p>Text.</p>${body}</body></html>`;

describe('finishHtml', () => {
  it.each([
    ['a chunk', '<script src="/_next/static/chunks/a.js" async=""></script>'],
    ['the first chunk', '<script src="/_next/static/chunks/a.js" id="_R_" async=""></script>'],
    ['a chunk for old browsers', '<script src="/_next/static/chunks/a.js" noModule=""></script>'],
    [
      'the start of a page that was rendered for a request',
      '<script id="_R_">(globalThis["TURBOPACK"] || (globalThis["TURBOPACK"] = [])).push({"otherChunks":[]});</script>',
    ],
    ['flight data', '<script>self.__next_f.push([1,"1:\\"$Sreact.fragment\\""])</script>'],
    ['the start of flight data', '<script>(self.__next_f=self.__next_f||[]).push([0])</script>'],
    ['a preload', '<link rel="preload" as="script" fetchPriority="low" href="/_next/static/chunks/a.js"/>'],
    ['an expectation', '<link rel="expect" href="#_R_" blocking="render"/>'],
  ])('removes what only hydration needs: %s', (_, markup) => {
    expect(finishHtml(page(markup, markup))).toBe(page('', ''));
  });

  it('leaves a post alone that writes about these very forms', () => {
    const text = page(
      '',
      '<pre>&lt;script src=&quot;/_next/static/chunks/c.js&quot; async=&quot;&quot;&gt;&lt;/script&gt; &lt;!--$?--&gt; on click=&quot;x&quot;</pre>',
    );
    expect(finishHtml(text)).toBe(text);
  });

  it('keeps data for search engines', () => {
    const data = '<script type="application/ld+json">{"@type":"BlogPosting"}</script>';
    expect(finishHtml(page(data, ''))).toBe(page(data, ''));
  });

  it.each([
    ['an inline script', '<script>more()</script>'],
    ['a script of another site', '<script src="https://elsewhere.example/a.js"></script>'],
    ['a script of its own', '<script src="/copy.js"></script>'],
    ['a Suspense boundary that waits', '<!--$?--><template id="B:0"></template><p>Loading</p><!--/$-->'],
    ['a Suspense boundary that failed', '<!--$!--><template></template><!--/$-->'],
    ['content that a script would move', '<div hidden="" id="S:0"><p>Late</p></div>'],
    ['an event handler', '<button onclick="more()">More</button>'],
  ])('refuses what is not complete without a script: %s', (_, markup) => {
    expect(() => finishHtml(page('', markup))).toThrow(UnfinishedPage);
  });
});

describe('allowInlineScripts', () => {
  it('joins adjacent scripts, and returns the hash of each remaining one', () => {
    const { html, sources } = allowInlineScripts(
      page(
        '',
        '<p>x</p><script>(self.__next_f=self.__next_f||[]).push([0])</script><script>self.__next_f.push([1,"a"])</script>',
      ),
    );
    const script = '(self.__next_f=self.__next_f||[]).push([0]);self.__next_f.push([1,"a"])';
    expect(html).toBe(page('', `<p>x</p><script>${script}</script>`));
    expect(sources).toEqual([`'sha256-${createHash('sha256').update(script).digest('base64')}'`]);
  });
});
