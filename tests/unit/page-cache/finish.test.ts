import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { finishHtml, UnfinishedPage } from '#page-cache/finish.ts';
import { allowInlineScripts } from '#page-cache/hydrated.ts';

const document = (body: string, head = '') =>
  `<!DOCTYPE html><html lang="en"><head>${head}</head><body>${body}</body></html>`;

describe('finishHtml', () => {
  it('removes what hydration needs, and nothing else', () => {
    const head =
      '<link rel="stylesheet" href="/_next/static/chunks/a.css" data-precedence="next"/>' +
      '<link rel="preload" as="script" fetchPriority="low" href="/_next/static/chunks/b.js"/>' +
      '<script src="/_next/static/chunks/c.js" async=""></script>' +
      '<link rel="preload" href="/_next/static/chunks/d.css" as="style"/>' +
      '<link rel="expect" href="#_R_" blocking="render"/>' +
      '<script type="application/ld+json">{"@type":"BlogPosting"}</script>' +
      '<script src="/_next/static/chunks/e.js" noModule=""></script>';
    const body =
      '<div hidden=""><!--$--><!--/$--></div><main><!--&--><p>One<!-- --> two.</p><!--/&--></main>' +
      '<script src="/_next/static/chunks/f.js" id="_R_" async=""></script>' +
      '<script>(self.__next_f=self.__next_f||[]).push([0])</script>' +
      '<script>self.__next_f.push([1,"0:{}\\n<p>"])</script>';
    expect(finishHtml(document(body, head))).toBe(
      document(
        '<main><p>One two.</p></main>',
        '<link rel="stylesheet" href="/_next/static/chunks/a.css"/><script type="application/ld+json">{"@type":"BlogPosting"}</script>',
      ),
    );
  });

  it('leaves a post unchanged that quotes this very markup', () => {
    const text = document(
      '<pre>&lt;script src=&quot;/_next/static/chunks/c.js&quot; async=&quot;&quot;&gt;&lt;/script&gt; &lt;!--$?--&gt; on click=&quot;x&quot;</pre>',
    );
    expect(finishHtml(text)).toBe(text);
  });

  it.each([
    ['a script', '<p>x</p><script>alert(1)</script>'],
    ['a script', '<p>x</p><script src="https://cdn.example/x.js"></script>'],
    ['a script', '<p>x</p><script type="module" src="/x.js"></script>'],
    ['a Suspense boundary that was still waiting', '<template id="B:0"></template><p>x</p>'],
    ['content that React wanted to move', '<p>x</p><div hidden="" id="S:0"><p>y</p></div>'],
    ['a Suspense boundary that failed', '<!--$!--><p>x</p><!--/$-->'],
    ['an event handler', '<button onclick="go()">x</button>'],
    ['no content', '<script>self.__next_f.push([1,"x"])</script>'],
  ])('rejects %s', (what, body) => {
    expect(() => finishHtml(document(body))).toThrow(UnfinishedPage);
    expect(() => finishHtml(document(body))).toThrow(what);
  });
});

describe('allowInlineScripts', () => {
  it('joins adjacent scripts, and returns the hash of each remaining one', () => {
    const { html, sources } = allowInlineScripts(
      document(
        '<p>x</p><script>(self.__next_f=self.__next_f||[]).push([0])</script><script>self.__next_f.push([1,"a"])</script>',
      ),
    );
    const script = '(self.__next_f=self.__next_f||[]).push([0]);self.__next_f.push([1,"a"])';
    expect(html).toBe(document(`<p>x</p><script>${script}</script>`));
    expect(sources).toEqual([`'sha256-${createHash('sha256').update(script).digest('base64')}'`]);
  });
});
