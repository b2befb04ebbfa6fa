/** Posts on one page of a list. */
export const POSTS_PER_PAGE = 10;

/** A published post as the lists show it. */
export type PostSummary = {
  slug: string;
  title: string;
  publishedAt: Date;
  /** The first paragraph as plain text. */
  excerpt: string;
};

/** A published post as its own page shows it. */
export type Post = PostSummary & {
  /** Markdown, as its author wrote it. */
  content: string;
  updatedAt: Date;
};

/** One page of a list: posts from newest to oldest. */
export type PostList = {
  posts: PostSummary[];
  /** The slug after which the next page goes on; `undefined` on the last page. */
  continueAfter: string | undefined;
};
