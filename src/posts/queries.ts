import 'server-only';
import { cacheLife, cacheTag } from 'next/cache';
import type { Post, PostList } from './post.ts';
import { readNewestPosts, readPost, readPostsAfter } from './published-posts.ts';

/** The tag of every cached read of posts; a post's own reads carry {@link postTag} beside it. */
export const POSTS_TAG = 'posts';

/** The tag of the cached reads of lists of posts. */
export const LISTS_TAG = 'post-lists';

/** The tag of the cached reads of one post. */
export function postTag(slug: string): string {
  return `post:${slug}`;
}

/** How long an unknown slug stays unknown, in seconds: short, as the post may be written at any time. */
const UNKNOWN_SLUG_LIFE = { stale: 30, revalidate: 60, expire: 300 };

/** {@link readNewestPosts}, cached until the posts change. */
export async function newestPosts(): Promise<PostList> {
  'use cache';
  cacheLife('max');
  cacheTag(POSTS_TAG, LISTS_TAG);
  return readNewestPosts();
}

/** {@link readPostsAfter}, cached until the posts change. */
export async function postsAfter(slug: string): Promise<PostList | undefined> {
  'use cache';
  cacheTag(POSTS_TAG, LISTS_TAG, postTag(slug));
  const list = await readPostsAfter(slug);
  if (list) cacheLife('max');
  else cacheLife(UNKNOWN_SLUG_LIFE);
  return list;
}

/** {@link readPost}, cached until the post changes. */
export async function findPost(slug: string): Promise<Post | undefined> {
  'use cache';
  cacheTag(POSTS_TAG, postTag(slug));
  const post = await readPost(slug);
  if (post) cacheLife('max');
  else cacheLife(UNKNOWN_SLUG_LIFE);
  return post;
}
