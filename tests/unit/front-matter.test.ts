import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePostFile } from '#posts/front-matter.ts';

const file = (yaml: string) => `---\n${yaml}\n---\n\nText.\n`;

describe('parsePostFile', () => {
  it('reads fields and content, also with Windows line endings', () => {
    const text = file(
      'title: "Layers: a tale"\nslug: layers\npublished: true\npublishedAt: 2026-06-01T09:00:00Z',
    );
    const expected = {
      title: 'Layers: a tale',
      slug: 'layers',
      published: true,
      publishedAt: new Date('2026-06-01T09:00:00Z'),
      content: 'Text.',
    };
    expect(parsePostFile(text, 'layers.md')).toEqual(expected);
    expect(parsePostFile(text.replaceAll('\n', '\r\n'), 'layers.md')).toEqual(expected);
  });

  it('treats a post as a draft by default', () => {
    expect(parsePostFile(file('title: T\nslug: t'), 't.md').published).toBe(false);
  });

  it.each([
    ['no front matter', 'Text.', /t\.md: front matter is missing/],
    ['no title', file('slug: t'), /t\.md: .*title/],
    ['a slug that is none', file('title: T\nslug: T T'), /slug is not lower-case/],
    ['no date on a published post', file('title: T\nslug: t\npublished: true'), /publishedAt is missing/],
    ['a field that is not known', file('title: T\nslug: t\ntags: [a]'), /tags/],
  ])('rejects a file with %s, and names the file', (_, text, sentence) => {
    expect(() => parsePostFile(text, 't.md')).toThrow(sentence);
  });
});

describe('the seed', () => {
  const names = readdirSync('prisma/seed').filter((name) => name.endsWith('.md'));
  const posts = names.map((name) => ({
    name,
    ...parsePostFile(readFileSync(`prisma/seed/${name}`, 'utf8'), name),
  }));

  it('has at least twelve published posts', () => {
    expect(posts.filter((post) => post.published).length).toBeGreaterThanOrEqual(12);
  });

  it('names each file after its slug, and uses each slug once', () => {
    for (const { name, slug } of posts) expect(name).toMatch(new RegExp(`^\\d\\d-${slug}\\.md$`));
    expect(new Set(posts.map((post) => post.slug)).size).toBe(posts.length);
  });

  it('links only to posts that it publishes', () => {
    const published = new Set(posts.filter((post) => post.published).map((post) => post.slug));
    const links = posts.flatMap((post) =>
      [...post.content.matchAll(/\]\(\/posts\/([^)#]+)/g)].map((match) => match[1]),
    );
    expect(links.filter((slug) => !published.has(slug ?? ''))).toEqual([]);
  });
});
