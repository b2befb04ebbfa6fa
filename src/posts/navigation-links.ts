import 'server-only';
import { DATABASE_UNAVAILABLE, DatabaseUnavailable } from '#database/problem.ts';
import { environment } from '#environment/variables.ts';
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
  const pages = await navigation().catch((error: unknown) => {
    if (environment.NEXT_PHASE === 'phase-production-build' || !isOutage(error)) throw error;
    return undefined;
  });
  return pages?.map(({ slug, title, lang }) => ({
    href: `/posts/${slug}`,
    title,
    ...languageAttributes(lang),
  }));
}

/** A cached function rethrows errors as others, which keep the digest alone. */
function isOutage(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable || (error as { digest?: unknown }).digest === DATABASE_UNAVAILABLE
  );
}
