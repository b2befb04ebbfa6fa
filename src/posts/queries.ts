import 'server-only';
import { cacheLife } from 'next/cache';
import { isDatabaseUnavailable } from '#database/problem.ts';
import { environment } from '#environment/variables.ts';
import type { Post, PostLink, PostList } from './post.ts';
import { readNavigation, readNewestPosts, readPost, readPostsAfter } from './published-posts.ts';

/** How long an unknown slug is cached, in seconds: briefly, since the post may be written at any time. */
const UNKNOWN_SLUG_LIFE = { stale: 30, revalidate: 60, expire: 300 };

/** {@link readNewestPosts}, cached until the posts change. */
export async function newestPosts(): Promise<PostList> {
  'use cache';
  cacheLife('max');
  return readNewestPosts();
}

/** {@link readPostsAfter}, cached until the posts change. */
export async function postsAfter(slug: string): Promise<PostList | undefined> {
  'use cache';
  const list = await readPostsAfter(slug);
  if (list) cacheLife('max');
  else cacheLife(UNKNOWN_SLUG_LIFE);
  return list;
}

/** {@link readPost}, cached until the post changes. */
export async function findPost(slug: string): Promise<Post | undefined> {
  'use cache';
  const post = await readPost(slug);
  if (post) cacheLife('max');
  else cacheLife(UNKNOWN_SLUG_LIFE);
  return post;
}

/**
 * {@link readNavigation}, cached until a page of the navigation changes.
 *
 * @returns `undefined` if the database can't be used, except during a build, which throws `DatabaseUnavailable`
 */
export async function navigation(): Promise<PostLink[] | undefined> {
  'use cache';
  try {
    const pages = await readNavigation();
    cacheLife('max');
    return pages;
  } catch (error) {
    if (environment.NEXT_PHASE === 'phase-production-build' || !isDatabaseUnavailable(error)) throw error;
    cacheLife(UNKNOWN_SLUG_LIFE);
    return undefined;
  }
}
