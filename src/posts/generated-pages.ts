import 'server-only';
import { POSTS_PER_PAGE } from './post.ts';
import { readNavigation, readSlugsToGenerate } from './published-posts.ts';

type Params = { slug: string };

/** Next.js refuses to build a route without pages. This is not a valid slug, so its page is the not-found page. */
const NO_POST: Params = { slug: '-' };

/** The posts whose pages are prerendered, and the pages of the navigation. */
export async function postParams(): Promise<Params[]> {
  const [slugs, pages] = await Promise.all([readSlugsToGenerate(), readNavigation()]);
  return atLeastOne([...slugs, ...pages.map((page) => page.slug)].map((slug) => ({ slug })));
}

/** The list pages that link to the prerendered posts, each named by the last post of the page before it. */
export async function listingParams(): Promise<Params[]> {
  const slugs = await readSlugsToGenerate();
  const lastOfEachPage = slugs.filter((_, index) => index % POSTS_PER_PAGE === POSTS_PER_PAGE - 1);
  return atLeastOne(lastOfEachPage.map((slug) => ({ slug })));
}

function atLeastOne(params: Params[]): Params[] {
  return params.length > 0 ? params : [NO_POST];
}
