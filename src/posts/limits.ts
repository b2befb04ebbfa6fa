import { environment } from '#secrets/environment.ts';

/** Posts on one page of a list. */
export const POSTS_PER_PAGE = 10;

/** How many of the newest posts are generated while building; older ones are on their first visit. */
export const GENERATED_POSTS = wholeNumber(environment.GENERATED_POSTS) ?? 1_000;

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
