/** Longest slug in characters; the database holds posts to the same. */
const MAX_SLUG_LENGTH = 120;

/** Tells whether a path segment can be a post's slug at all, before anything is asked of the database. */
export function isSlug(segment: string): boolean {
  return segment.length <= MAX_SLUG_LENGTH && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(segment);
}
