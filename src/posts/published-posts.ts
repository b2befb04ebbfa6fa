import { database } from '#database/client.ts';
import type { Prisma } from '#database/generated/client.ts';
import { setting } from '#environment/settings.ts';
import { excerpt } from './markdown.ts';
import { POSTS_PER_PAGE, type Post, type PostList } from './post.ts';

// Every read goes through this condition, so that a draft is never found.
const PUBLISHED = { published: true, publishedAt: { not: null } } as const;

const NEWEST_FIRST = [{ publishedAt: 'desc' as const }, { id: 'desc' as const }];

/** The first page of published posts, newest first. Throws `DatabaseUnavailable`. */
export async function readNewestPosts(): Promise<PostList> {
  return readList({});
}

/**
 * The page of published posts that are older than the one with this slug, found by key and not by counting,
 * so that the thousandth page costs what the first does, and a new post moves no older page.
 *
 * @returns `undefined` where no published post has this slug. Throws `DatabaseUnavailable`.
 */
export async function readPostsAfter(slug: string): Promise<PostList | undefined> {
  const last = await database().post.findFirst({
    where: { slug, ...PUBLISHED },
    select: { id: true, publishedAt: true },
  });
  if (!last?.publishedAt) return undefined;
  const { id, publishedAt } = last;
  // The first condition says nothing new; it is the one by which PostgreSQL starts in the middle of the index.
  return readList({
    publishedAt: { lte: publishedAt },
    OR: [{ publishedAt: { lt: publishedAt } }, { publishedAt, id: { lt: id } }],
  });
}

/** The published post with this slug, or `undefined`. Throws `DatabaseUnavailable`. */
export async function readPost(slug: string): Promise<Post | undefined> {
  const post = await database().post.findFirst({
    where: { slug, ...PUBLISHED },
    select: { slug: true, title: true, content: true, publishedAt: true, updatedAt: true },
  });
  if (!post?.publishedAt) return undefined;
  return { ...post, publishedAt: post.publishedAt, excerpt: excerpt(post.content) };
}

/** The slugs of the posts to generate while building, newest first. Throws `DatabaseUnavailable`. */
export async function readSlugsToGenerate(): Promise<string[]> {
  const posts = await database().post.findMany({
    where: PUBLISHED,
    orderBy: NEWEST_FIRST,
    take: setting('GENERATED_POSTS'),
    select: { slug: true },
  });
  return posts.map((post) => post.slug);
}

async function readList(older: Prisma.PostWhereInput): Promise<PostList> {
  const rows = await database().post.findMany({
    where: { AND: [PUBLISHED, older] },
    orderBy: NEWEST_FIRST,
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
