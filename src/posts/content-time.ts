import { CONTENT_TIME } from '#page-cache/placeholders.ts';

/** Metadata that says when the newest of these posts was published or edited; none if there is no post. */
export function contentTime(posts: { publishedAt: Date; updatedAt: Date }[]): Record<string, string> {
  const times = posts.flatMap(({ publishedAt, updatedAt }) => [publishedAt.getTime(), updatedAt.getTime()]);
  return times.length > 0 ? { [CONTENT_TIME]: new Date(Math.max(...times)).toISOString() } : {};
}
