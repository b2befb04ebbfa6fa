import { MAX_SLUG_LENGTH } from '#posts/slug.ts';

/**
 * Makes a slug from a name: lower-cased, with single hyphens in place of other characters.
 *
 * @returns empty if nothing is left
 */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_SLUG_LENGTH)
    .replace(/-$/, '');
}
