import { database } from '#database/client.ts';
import type { Prisma } from '#database/generated/client.ts';
import { setting } from '#environment/settings.ts';
import { readPostImages, shownImage } from './images.ts';
import { excerpt } from './markdown.ts';
import { POSTS_PER_PAGE, type Post, type PostLink, type PostList, type PostSummary } from './post.ts';

/**
 * The condition of every read: it excludes drafts, and posts before their date. It uses the database's clock, as the
 * content log does, so that a page that is rendered because a post is due shows that post.
 */
async function published() {
  const [clock] = await database().$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  return { published: true, publishedAt: { lte: clock?.now ?? new Date() } };
}

/** The further condition of lists: pages of the navigation are in none. */
const LISTED = { kind: 'post' };

const NEWEST_FIRST = [{ publishedAt: 'desc' as const }, { id: 'desc' as const }];

const OLDEST_FIRST = [{ publishedAt: 'asc' as const }, { id: 'asc' as const }];

const LINK = { slug: true, title: true, lang: true };

const SUMMARY = {
  ...LINK,
  publishedAt: true,
  updatedAt: true,
  summary: true,
  tags: true,
  content: true,
};

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
    where: { slug, ...LISTED, ...(await published()) },
    select: { id: true, publishedAt: true },
  });
  if (!last?.publishedAt) return undefined;
  return readList(olderThan(last.publishedAt, last.id));
}

/** The published post or page with this slug, or `undefined`. Throws `DatabaseUnavailable`. */
export async function readPost(slug: string): Promise<Post | undefined> {
  const visible = await published();
  const post = await database().post.findFirst({
    where: { slug, ...visible },
    select: { ...SUMMARY, id: true, kind: true, cover: true, extra: true, images: true },
  });
  if (!post?.publishedAt) return undefined;
  const { id, content, publishedAt } = post;
  const images = readPostImages(post.images);
  const cover = shownImage(post.cover, images);
  const isPage = post.kind === 'page';
  const [older, newer] = isPage
    ? []
    : await Promise.all([
        neighbour({ AND: [visible, olderThan(publishedAt, id)] }, NEWEST_FIRST),
        neighbour({ AND: [visible, newerThan(publishedAt, id)] }, OLDEST_FIRST),
      ]);
  return {
    ...summaryOf({ ...post, publishedAt }),
    kind: isPage ? 'page' : 'post',
    content,
    cover: cover && { ...cover, alt: coverAlt(post.extra) },
    images,
    older,
    newer,
  };
}

/** The pages of the navigation, by title. Throws `DatabaseUnavailable`. */
export async function readNavigation(): Promise<PostLink[]> {
  return database().post.findMany({
    where: { kind: 'page', ...(await published()) },
    orderBy: [{ title: 'asc' }, { slug: 'asc' }],
    select: LINK,
  });
}

/** The slugs of the posts to prerender, newest first. Throws `DatabaseUnavailable`. */
export async function readSlugsToGenerate(): Promise<string[]> {
  const posts = await database().post.findMany({
    where: { ...LISTED, ...(await published()) },
    orderBy: NEWEST_FIRST,
    take: setting('GENERATED_POSTS'),
    select: { slug: true },
  });
  return posts.map((post) => post.slug);
}

function olderThan(publishedAt: Date, id: string): Prisma.PostWhereInput {
  // The first condition is redundant, but lets PostgreSQL start the index scan at the right place.
  return {
    publishedAt: { lte: publishedAt },
    OR: [{ publishedAt: { lt: publishedAt } }, { publishedAt, id: { lt: id } }],
  };
}

function newerThan(publishedAt: Date, id: string): Prisma.PostWhereInput {
  return {
    publishedAt: { gte: publishedAt },
    OR: [{ publishedAt: { gt: publishedAt } }, { publishedAt, id: { gt: id } }],
  };
}

async function neighbour(
  where: Prisma.PostWhereInput,
  orderBy: Prisma.PostOrderByWithRelationInput[],
): Promise<PostLink | undefined> {
  const post = await database().post.findFirst({
    where: { AND: [where, LISTED] },
    orderBy,
    select: LINK,
  });
  return post ?? undefined;
}

async function readList(older: Prisma.PostWhereInput): Promise<PostList> {
  const rows = await database().post.findMany({
    where: { AND: [await published(), LISTED, older] },
    orderBy: NEWEST_FIRST,
    take: POSTS_PER_PAGE + 1,
    select: SUMMARY,
  });
  const posts = rows
    .slice(0, POSTS_PER_PAGE)
    .flatMap(({ publishedAt, ...post }) => (publishedAt ? [summaryOf({ ...post, publishedAt })] : []));
  return { posts, continueAfter: rows.length > POSTS_PER_PAGE ? posts.at(-1)?.slug : undefined };
}

type SummaryRow = Omit<PostSummary, 'excerpt'> & { summary: string; content: string };

function summaryOf({ slug, title, lang, publishedAt, updatedAt, summary, tags, content }: SummaryRow) {
  return { slug, title, lang, publishedAt, updatedAt, tags, excerpt: summary || excerpt(content) };
}

/** Hugo's and Astro's starters write the alternative text beside the cover. */
function coverAlt(extra: unknown): string {
  const { cover } = (extra ?? {}) as { cover?: { alt?: unknown } };
  return typeof cover?.alt === 'string' ? cover.alt : '';
}
