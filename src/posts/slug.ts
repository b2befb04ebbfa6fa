/** Maximum length of a slug in characters; the database enforces the same limit. */
export const MAX_SLUG_LENGTH = 120;

/** Whether a path segment can be a slug at all, so that no query is made for one that can't. */
export function isSlug(segment: string): boolean {
  return segment.length <= MAX_SLUG_LENGTH && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(segment);
}
