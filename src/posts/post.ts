/** The number of posts on one page of a list. */
export const POSTS_PER_PAGE = 10;

/** A published post, as shown in lists. */
export type PostSummary = {
  slug: string;
  title: string;
  publishedAt: Date;
  updatedAt: Date;
  /** The first paragraph as plain text. */
  excerpt: string;
};

/** A published post, as shown on its own page. */
export type Post = PostSummary & {
  /** Markdown, as its author wrote it. */
  content: string;
};

/** One page of a list: posts from newest to oldest. */
export type PostList = {
  posts: PostSummary[];
  /** The slug after which the next page starts; `undefined` on the last page. */
  continueAfter: string | undefined;
};
