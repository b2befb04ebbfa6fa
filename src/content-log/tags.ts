/** The tag of every page that shows several posts. */
export const LISTS_TAG = 'lists';

/** The tag of every page. */
export const ALL_TAG = 'all';

/** The tag of a stored image, by the hash of its content. No page has it: a page depends on its posts alone. */
export const IMAGE_TAG = 'image:';

/** The tag of every page that shows the post with this slug. */
export function postTag(slug: string): string {
  return `post:${slug}`;
}
