import 'server-only';
import { cacheLife, cacheTag } from 'next/cache';
import { database } from '#database/client.ts';
import { GENERATED_POSTS, POSTS_PER_PAGE } from './limits.ts';
import { excerpt } from './markdown.ts';
import type { Post, PostList } from './post.ts';

/** The tag of every cached read of posts; a post's own reads carry {@link postTag} beside it. */
export const POSTS_TAG = 'posts';

/** The tag of the cached reads of one post. */
export function postTag(slug: string): string {
  return `post:${slug}`;
}

/** How long an unknown slug stays unknown, in seconds: short, as the post may be written any time. */
const UNKNOWN_SLUG_LIFE = { stale: 30, revalidate: 60, expire: 300 };

const published = { published: true, publishedAt: { not: null } } as const;
const newestFirst = [{ publishedAt: 'desc' }, { id: 'desc' }] as const;

/** The first page of published posts. Throws `DatabaseUnavailable`. */
export async function newestPosts(): Promise<PostList> {
  'use cache';
  cacheLife('max');
  cacheTag(POSTS_TAG);
  return list(undefined);
}

/**
 * The page of published posts that are older than the one with this slug, found by key and not by counting,
 * so that page 1,000 costs what page 1 does and a new post moves no older page.
 *
 * @returns `undefined` where no published post has this slug. Throws `DatabaseUnavailable`.
 */
export async function postsAfter(slug: string): Promise<PostList | undefined> {
  'use cache';
  cacheTag(POSTS_TAG, postTag(slug));
  const last = await database().post.findFirst({
    where: { slug, ...published },
    select: { id: true, publishedAt: true },
  });
  if (!last?.publishedAt) {
    cacheLife(UNKNOWN_SLUG_LIFE);
    return undefined;
  }
  cacheLife('max');
  return list({ id: last.id, publishedAt: last.publishedAt });
}

/** The published post with this slug, or `undefined`; a draft is not there. Throws `DatabaseUnavailable`. */
export async function findPost(slug: string): Promise<Post | undefined> {
  'use cache';
  cacheTag(POSTS_TAG, postTag(slug));
  const post = await database().post.findFirst({
    where: { slug, ...published },
    select: { slug: true, title: true, content: true, publishedAt: true, updatedAt: true },
  });
  if (!post?.publishedAt) {
    cacheLife(UNKNOWN_SLUG_LIFE);
    return undefined;
  }
  cacheLife('max');
  return { ...post, publishedAt: post.publishedAt, excerpt: excerpt(post.content) };
}

/** The slugs of the posts to generate while building, newest first. Throws `DatabaseUnavailable`. */
export async function slugsToGenerate(): Promise<string[]> {
  const posts = await database().post.findMany({
    where: published,
    orderBy: [...newestFirst],
    take: GENERATED_POSTS,
    select: { slug: true },
  });
  return posts.map((post) => post.slug);
}

async function list(after: { id: string; publishedAt: Date } | undefined): Promise<PostList> {
  const older = after && {
    OR: [
      { publishedAt: { lt: after.publishedAt } },
      { publishedAt: after.publishedAt, id: { lt: after.id } },
    ],
  };
  const rows = await database().post.findMany({
    where: { AND: [published, older ?? {}] },
    orderBy: [...newestFirst],
    take: POSTS_PER_PAGE + 1,
    select: { slug: true, title: true, content: true, publishedAt: true },
  });
  const posts = rows
    .slice(0, POSTS_PER_PAGE)
    .flatMap(({ slug, title, content, publishedAt }) =>
      publishedAt ? [{ slug, title, publishedAt, excerpt: excerpt(content) }] : [],
    );
  return { posts, continueAfter: rows.length > POSTS_PER_PAGE ? posts.at(-1)?.slug : undefined };
}
