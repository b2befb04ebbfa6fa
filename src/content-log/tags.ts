/** The tag of every page that shows several posts. */
export const LISTS_TAG = 'lists';

/** The tag of every page. */
export const ALL_TAG = 'all';

/** The tag of every page that shows the post with this slug. */
export function postTag(slug: string): string {
  return `post:${slug}`;
}
