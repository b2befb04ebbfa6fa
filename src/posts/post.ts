import type { PostImages, ShownImage } from './images.ts';

/** The number of posts on one page of a list. */
export const POSTS_PER_PAGE = 10;

/** A published post, as a link to it shows it. */
export type PostLink = {
  slug: string;
  title: string;
  /** A BCP 47 language tag; empty for the site's language. */
  lang: string;
};

/** A published post, as shown in lists. */
export type PostSummary = PostLink & {
  publishedAt: Date;
  updatedAt: Date;
  /** The author's summary, or the first paragraph as plain text. */
  excerpt: string;
  /** In the author's order. */
  tags: string[];
};

/** A published post, as shown on its own page. */
export type Post = PostSummary & {
  /** `page`: in the navigation, and in no list. */
  kind: 'post' | 'page';
  /** Markdown, as its author wrote it. */
  content: string;
  cover: (ShownImage & { alt: string }) | undefined;
  images: PostImages;
  /** The posts before and after it; a page has none. */
  older: PostLink | undefined;
  newer: PostLink | undefined;
};

/** One page of a list: posts from newest to oldest. */
export type PostList = {
  posts: PostSummary[];
  /** The slug after which the next page starts; `undefined` on the last page. */
  continueAfter: string | undefined;
};
