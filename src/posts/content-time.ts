import { CONTENT_TIME } from '#page-cache/placeholders.ts';

/** Page metadata with the time at which any of these posts was last published or edited; empty without posts. */
export function contentTime(posts: { publishedAt: Date; updatedAt: Date }[]): Record<string, string> {
  const times = posts.flatMap(({ publishedAt, updatedAt }) => [publishedAt.getTime(), updatedAt.getTime()]);
  return times.length > 0 ? { [CONTENT_TIME]: new Date(Math.max(...times)).toISOString() } : {};
}
