import { LISTS_TAG, postTag } from './tags.ts';

/** How a route's pages come to a reader. */
export type Route =
  | {
      /** Rendered once, kept as bytes, and complete without a script. */
      kind: 'finished';
      /** What the page shows, by the tags of the content log. */
      tags: (slug: string) => string[];
    }
  | {
      /** `hydrated`: needs React's scripts in the browser. `dynamic`: made for each request. `handler`: no page. */
      kind: 'hydrated' | 'dynamic' | 'handler';
    };

const finished = (tags: (slug: string) => string[] = () => []): Route => ({ kind: 'finished', tags });
const dynamic: Route = { kind: 'dynamic' };
const handler: Route = { kind: 'handler' };

/** Every route of `src/app`, by the name that Next.js gives it. The build fails if one is missing here. */
export const ROUTES: Record<string, Route> = {
  '/': finished(() => [LISTS_TAG]),
  '/posts/[slug]': finished((slug) => [postTag(slug)]),
  '/older/[slug]': finished((slug) => [LISTS_TAG, postTag(slug)]),
  '/newsletter': finished(() => [LISTS_TAG]),
  '/support': finished(),
  '/support/cancelled': finished(),
  '/support/thanks': finished(),
  '/support/trouble': finished(),
  '/unavailable': finished(),
  '/_not-found': finished(),
  '/_global-error': dynamic,
  '/status': dynamic,
  '/status.json': handler,
  '/status/sign-in': handler,
  '/support/checkout': handler,
  '/support/offer.css': handler,
  '/revalidate': handler,
  '/health': handler,
  '/icon.svg': handler,
};

/** A route that an address leads to, and the post that the address names. */
export type Matched = { route: Route; slug: string | undefined };

const patterns = Object.entries(ROUTES).flatMap(([name, route]) =>
  name.endsWith('/[slug]') ? [{ prefix: name.slice(0, -'[slug]'.length), route }] : [],
);

/** @param path a path without a query, such as `/posts/a-post` */
export function matchRoute(path: string): Matched | undefined {
  const route = Object.hasOwn(ROUTES, path) && !path.includes('[') ? ROUTES[path] : undefined;
  if (route) return { route, slug: undefined };
  const pattern = patterns.find(
    ({ prefix }) => path.startsWith(prefix) && path.indexOf('/', prefix.length) < 0,
  );
  return pattern && { route: pattern.route, slug: path.slice(pattern.prefix.length) };
}
