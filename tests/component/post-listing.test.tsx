import { render, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { PostSummary } from '#posts/post.ts';
import { PostListing } from '#posts/post-listing.tsx';

const post = (slug: string): PostSummary => ({
  slug,
  title: `Title of ${slug}`,
  lang: '',
  tags: [],
  publishedAt: new Date('2026-06-01T23:30:00Z'),
  updatedAt: new Date('2026-01-01'),
  excerpt: `Excerpt of ${slug}.`,
});

describe('PostListing', () => {
  it('shows each post with its title as a link, its date in UTC and its excerpt', () => {
    render(
      <PostListing
        heading="Latest posts"
        list={{ posts: [post('a'), post('b')], continueAfter: undefined }}
      />,
    );
    const [first] = screen.getAllByRole('article');
    if (!first) throw new Error('There is no article.');
    expect(within(first).getByRole('link', { name: 'Title of a' }).getAttribute('href')).toBe('/posts/a');
    expect(within(first).getByText('1 June 2026').getAttribute('datetime')).toBe('2026-06-01T23:30:00.000Z');
    expect(within(first).getByText('Excerpt of a.')).toBeTruthy();
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });

  it('links to older posts if there are any', () => {
    render(<PostListing heading="Latest posts" list={{ posts: [post('a')], continueAfter: 'a' }} />);
    expect(screen.getByRole('link', { name: 'Older posts' }).getAttribute('href')).toBe('/older/a');
  });

  it('has no such link on the last page', () => {
    render(<PostListing heading="Older posts" list={{ posts: [post('a')], continueAfter: undefined }} />);
    expect(screen.queryByRole('navigation')).toBeNull();
  });

  it('says so if there are no posts yet', () => {
    render(<PostListing heading="Latest posts" list={{ posts: [], continueAfter: undefined }} />);
    expect(screen.getByText(/nothing to read yet/)).toBeTruthy();
    expect(screen.queryByRole('list')).toBeNull();
  });
});
