import { describe, expect, it } from 'vitest';
import { scanText } from '#post-files/scan.ts';

const scan = (text: string, mdx = false) => {
  const { images, omissions } = scanText(text, { mdx });
  return [
    ...images.map(({ address, line }) => `${line} ${address}`),
    ...omissions.map(({ kind, line }) => `${line} ${kind}`),
  ];
};

describe('scanText', () => {
  it.each<[string, string, string[]]>([
    [
      'images in all forms',
      '![a](a.png "T")\n<img alt="x" src="b.png"> <IMG src=c.png>\n![d][D]\n\n[d]: <d e.png>',
      ['1 a.png', '2 b.png', '2 c.png', '3 d e.png'],
    ],
    ['an image deep in a list', '- one\n\n  two\n\n      ![no](code.png)\n\n  ![yes](a.png)', ['7 a.png']],
    [
      'an image in a quote and in a table',
      '> ![a](a.png)\n\n| x |\n|---|\n| ![b](b.png) |',
      ['1 a.png', '5 b.png'],
    ],
    [
      'no image in code',
      '`![a](a.png)`\n\n```md\n\n![b](b.png)\n\ntext\n\n```\n\n    ![c](c.png)\n\n~~~\n<img src="d.png">\n~~~',
      [],
    ],
    ['an image after a paragraph of many lines', 'One\ntwo\nthree\n\n\n\nfour\n\n![a](a.png)', ['9 a.png']],
    [
      'embedded pages and drawings',
      '<iframe src="x"></iframe>\n\n<svg></svg>\n\n<video src="x"/>',
      ['1 video', '3 svg', '5 video'],
    ],
    [
      'shortcodes, once for each pair',
      '{{< a >}}\n{{% b %}}x{{% /b %}}\n{% highlight %}x{% endhighlight %} {{ site.url }}',
      ['1 shortcode', '2 shortcode', '3 shortcode', '3 shortcode'],
    ],
    ['components', '<Chart />\n\nSome <Inline>text</Inline>', ['1 component', '3 component']],
  ])('finds %s', (_, text, found) => {
    expect(scan(text).sort()).toEqual(found.sort());
  });

  it('takes a line that imports for one only in MDX', () => {
    expect(scan("import A from './a'\n\nText <b>bold</b>", true)).toEqual(['1 component']);
    expect(scan("import A from './a'\n\nText <b>bold</b>")).toEqual([]);
  });
});
