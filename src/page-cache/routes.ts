import { LISTS_TAG, postTag } from '#content-log/tags.ts';

/** How a route's pages are served. */
export type Route =
  | {
      /**
       * `finished`: rendered once, cached as bytes, and complete without a script. `hydrated`: the same with React's
       * scripts, for a page that needs them in the browser.
       */
      kind: 'finished' | 'hydrated';
      /** The tags of the content log for what the page shows. */
      tags: (slug: string) => string[];
      policy: Policy;
    }
  | {
      /** Rendered for each request, with the visitor's cookie, and complete without a script. */
      kind: 'dynamic';
      policy: Policy;
    }
  | {
      /** A route handler. Next.js answers it as it is. */
      kind: 'handler';
    };

/**
 * What a page may do in a browser. `payment`: its form may redirect to Stripe. `mail`: a document from an external
 * template, which is shown in an iframe and may run nothing.
 */
export type Policy = 'page' | 'payment' | 'mail';

const nothing = () => [];

const finished = (tags: (slug: string) => string[] = nothing, policy: Policy = 'page'): Route => ({
  kind: 'finished',
  tags,
  policy,
});

const dynamic: Route = { kind: 'dynamic', policy: 'page' };

const handler: Route = { kind: 'handler' };

/** Every route of `src/app`, by the name that Next.js gives it. The build fails if one is missing here. */
export const ROUTES: Record<string, Route> = {
  '/': finished(() => [LISTS_TAG]),
  '/posts/[slug]': finished((slug) => [postTag(slug)]),
  '/older/[slug]': finished((slug) => [LISTS_TAG, postTag(slug)]),
  '/newsletter': finished(),
  '/newsletter/mail': finished(() => [LISTS_TAG], 'mail'),
  '/support': finished(nothing, 'payment'),
  '/support/cancelled': finished(),
  '/support/thanks': finished(),
  '/support/trouble': finished(),
  '/unavailable': finished(),
  '/_not-found': finished(),
  '/_global-error': handler,
  '/status': dynamic,
  '/status.json': handler,
  '/status/sign-in': handler,
  '/support/checkout': handler,
  '/support/offer.css': handler,
  '/revalidate': handler,
  '/images/[name]': handler,
  '/icon.svg': handler,
};

/** The route of an address, and the slug in it. */
export type Matched = { route: Route; slug: string | undefined };

const patterns = Object.entries(ROUTES).flatMap(([name, route]) =>
  name.endsWith(']') ? [{ prefix: name.slice(0, name.lastIndexOf('[')), route }] : [],
);

/** Finds the route of a path without a query, such as `/posts/a-post`; `undefined` if there is none. */
export function matchRoute(path: string): Matched | undefined {
  const route = Object.hasOwn(ROUTES, path) && !path.includes('[') ? ROUTES[path] : undefined;
  if (route) return { route, slug: undefined };
  const pattern = patterns.find(
    ({ prefix }) => path.startsWith(prefix) && isSegment(path.slice(prefix.length)),
  );
  return pattern && { route: pattern.route, slug: path.slice(pattern.prefix.length) };
}

/** Rejects percent-encoding, which no slug needs, so that each page has a single address. */
function isSegment(text: string): boolean {
  return text !== '' && !/[/%]/.test(text);
}
