import { database } from '#database/client.ts';
import type { Prisma } from '#database/generated/client.ts';
import { setting } from '#environment/settings.ts';
import { excerpt } from './markdown.ts';
import { POSTS_PER_PAGE, type Post, type PostList } from './post.ts';

/**
 * The condition of every read: it excludes drafts, and posts before their date. It uses the database's clock, as the
 * content log does, so that a page that is rendered because a post is due shows that post.
 */
async function published() {
  const [clock] = await database().$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  return { published: true, publishedAt: { lte: clock?.now ?? new Date() } };
}

const NEWEST_FIRST = [{ publishedAt: 'desc' as const }, { id: 'desc' as const }];

/** The first page of published posts, newest first. Throws `DatabaseUnavailable`. */
export async function readNewestPosts(): Promise<PostList> {
  return readList({});
}

/**
 * The page of published posts that are older than the one with this slug. It is found by key, not by offset, so that the
 * thousandth page costs as much as the first, and a new post does not shift older pages.
 *
 * @returns `undefined` if no published post has this slug
 * @throws DatabaseUnavailable if the database can't be used
 */
export async function readPostsAfter(slug: string): Promise<PostList | undefined> {
  const last = await database().post.findFirst({
    where: { slug, ...(await published()) },
    select: { id: true, publishedAt: true },
  });
  if (!last?.publishedAt) return undefined;
  const { id, publishedAt } = last;
  // The first condition is redundant, but lets PostgreSQL start the index scan at the right place.
  return readList({
    publishedAt: { lte: publishedAt },
    OR: [{ publishedAt: { lt: publishedAt } }, { publishedAt, id: { lt: id } }],
  });
}

/** The published post with this slug, or `undefined`. Throws `DatabaseUnavailable`. */
export async function readPost(slug: string): Promise<Post | undefined> {
  const post = await database().post.findFirst({
    where: { slug, ...(await published()) },
    select: { slug: true, title: true, content: true, publishedAt: true, updatedAt: true },
  });
  if (!post?.publishedAt) return undefined;
  return { ...post, publishedAt: post.publishedAt, excerpt: excerpt(post.content) };
}

/** The slugs of the posts to prerender, newest first. Throws `DatabaseUnavailable`. */
export async function readSlugsToGenerate(): Promise<string[]> {
  const posts = await database().post.findMany({
    where: await published(),
    orderBy: NEWEST_FIRST,
    take: setting('GENERATED_POSTS'),
    select: { slug: true },
  });
  return posts.map((post) => post.slug);
}

async function readList(older: Prisma.PostWhereInput): Promise<PostList> {
  const rows = await database().post.findMany({
    where: { AND: [await published(), older] },
    orderBy: NEWEST_FIRST,
    take: POSTS_PER_PAGE + 1,
    select: { slug: true, title: true, content: true, publishedAt: true, updatedAt: true },
  });
  const posts = rows
    .slice(0, POSTS_PER_PAGE)
    .flatMap(({ slug, title, content, publishedAt, updatedAt }) =>
      publishedAt ? [{ slug, title, publishedAt, updatedAt, excerpt: excerpt(content) }] : [],
    );
  return { posts, continueAfter: rows.length > POSTS_PER_PAGE ? posts.at(-1)?.slug : undefined };
}
