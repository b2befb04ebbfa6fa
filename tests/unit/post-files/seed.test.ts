import { describe, expect, it } from 'vitest';
import { readPostFolder } from '#post-files/folder.ts';

describe('the seed', () => {
  const { posts } = readPostFolder('prisma/seed', { strict: true });

  it('has at least twelve published posts', () => {
    expect(posts.filter((post) => post.published).length).toBeGreaterThanOrEqual(12);
  });

  it('names each file after its slug', () => {
    for (const { file, slug } of posts) expect(file).toMatch(new RegExp(`^\\d\\d-${slug}\\.md$`));
  });

  it('gives each post a tag', () => {
    expect(posts.filter((post) => post.tags.length === 0).map((post) => post.slug)).toEqual([]);
  });

  it('links only to posts that it publishes', () => {
    const published = new Set(posts.filter((post) => post.published).map((post) => post.slug));
    const links = posts.flatMap((post) =>
      [...post.content.matchAll(/\]\(\/posts\/([^)#]+)/g)].map((match) => match[1]),
    );
    expect(links.filter((slug) => !published.has(slug ?? ''))).toEqual([]);
  });
});
