import 'server-only';
import { languageAttributes } from './language.ts';
import { navigation } from './queries.ts';

/** A link of the navigation, as the frame of every page shows it. */
export type NavigationLink = { href: string; title: string; lang?: string; dir?: 'ltr' | 'rtl' };

/**
 * The links to the pages of the navigation.
 *
 * @returns `undefined` while the database is away, so that pages which need no database can be shown; a build fails instead
 */
export async function navigationLinks(): Promise<NavigationLink[] | undefined> {
  const pages = await navigation();
  return pages?.map(({ slug, title, lang }) => ({
    href: `/posts/${slug}`,
    title,
    ...languageAttributes(lang),
  }));
}
