import { environment } from '#environment/variables.ts';
import { unquoted } from '#secrets/reader.ts';

/** Posts on one page of a list. */
export const POSTS_PER_PAGE = 10;

/** How many of the newest posts are generated while building; older ones are on their first visit. */
export const GENERATED_POSTS = wholeNumber('GENERATED_POSTS', 1_000);

function wholeNumber(name: string, otherwise: number): number {
  const text = unquoted(environment[name] ?? '') || String(otherwise);
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${name} is not a whole number. Set it to one, such as ${otherwise}.`);
  return Number(text);
}
