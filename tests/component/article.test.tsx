import { cleanup, render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Article } from '#posts/article.tsx';
import type { Post } from '#posts/post.ts';

const POST: Post = {
  slug: 'a-post',
  title: 'A post',
  lang: '',
  tags: ['docker', 'a b'],
  publishedAt: new Date('2026-06-01'),
  updatedAt: new Date('2026-06-01'),
  excerpt: '',
  kind: 'post',
  content: 'Text.',
  cover: undefined,
  images: {},
  older: undefined,
  newer: undefined,
};

async function shown(post: Partial<Post> = {}) {
  cleanup();
  render(await Article({ post: { ...POST, ...post } }));
  return screen.getByRole('article');
}

describe('Article', () => {
  it('shows the tags, and links to the posts before and after it in their language', async () => {
    await shown({
      older: { slug: 'b', title: 'قديم', lang: 'ar' },
      newer: { slug: 'c', title: 'New', lang: '' },
    });
    expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['docker', 'a b']);
    const older = screen.getByRole('link', { name: 'قديم' });
    expect([older.getAttribute('href'), older.getAttribute('dir'), older.getAttribute('rel')]).toEqual([
      '/posts/b',
      'rtl',
      'prev',
    ]);
    expect(screen.getByRole('link', { name: 'New' }).getAttribute('rel')).toBe('next');
  });

  it.each([
    ['', null, null],
    ['fr', 'fr', 'ltr'],
    ['he', 'he', 'rtl'],
    ['az-Arab', 'az-Arab', 'rtl'],
    ['ur-Latn', 'ur-Latn', 'ltr'],
  ])('has the language and direction of "%s"', async (lang, expected, direction) => {
    const article = await shown({ lang });
    expect([article.getAttribute('lang'), article.getAttribute('dir')]).toEqual([expected, direction]);
  });

  it('shows the cover with its alternative text', async () => {
    await shown({ cover: { src: '/images/x.png', width: 3, height: 2, alt: 'A view' } });
    const image = screen.getByRole('img', { name: 'A view' });
    expect([image.getAttribute('src'), image.getAttribute('width')]).toEqual(['/images/x.png', '3']);
  });

  it('shows neither date nor tags of a page', async () => {
    await shown({ kind: 'page' });
    expect(screen.queryByRole('time')).toBeNull();
    expect(screen.queryAllByRole('listitem')).toEqual([]);
  });
});
