import type { Policy } from './routes.ts';

/** Where browsers find the speculation rules: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Speculation-Rules. */
export const SPECULATION_RULES_PATH = '/speculation-rules.json';

/** Prefetches a page when a reader is about to follow a link; never one that is rendered for the visitor. */
export const SPECULATION_RULES = JSON.stringify({
  prefetch: [
    {
      where: { and: [{ href_matches: '/*' }, { not: { href_matches: '/(status|support|theme)*' } }] },
      eagerness: 'moderate',
    },
  ],
});

const page = (formTargets: string) => (scripts: string[]) =>
  [
    "default-src 'self'",
    ["script-src 'self'", ...scripts].join(' '),
    "style-src 'self'",
    "img-src 'self' https: data:",
    "object-src 'none'",
    "base-uri 'none'",
    `form-action ${formTargets}`,
    "frame-ancestors 'none'",
  ].join('; ');

/** The same as the attribute of the iframe in src/newsletter/newsletter.tsx. */
const MAIL_SANDBOX = 'allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation';

/** The Content-Security-Policy of each kind of page; see https://www.w3.org/TR/CSP3/. */
const POLICIES: Record<Policy, (scripts: string[]) => string> = {
  page: page("'self'"),
  // Chromium applies form-action to redirects too.
  payment: page("'self' https://checkout.stripe.com"),
  // A mail's styles are inline. The sandbox allows its links to open, and no script to run.
  mail: () =>
    [
      "default-src 'none'",
      "style-src 'unsafe-inline'",
      'img-src https: data:',
      "base-uri 'none'",
      "form-action 'none'",
      `sandbox ${MAIL_SANDBOX}`,
      "frame-ancestors 'self'",
    ].join('; '),
};

/**
 * The headers of every HTML response.
 *
 * @param scripts hash sources of the inline scripts that the page keeps
 */
export function documentHeaders(policy: Policy, scripts: string[] = []): Record<string, string> {
  return {
    'Content-Security-Policy': POLICIES[policy](scripts),
    'Referrer-Policy': 'strict-origin-when-cross-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(policy === 'mail' ? {} : { 'Speculation-Rules': `"${SPECULATION_RULES_PATH}"` }),
  };
}

/**
 * How long others may cache a finished page. Browsers revalidate it each time, and get 304 if it is unchanged.
 *
 * @param sharedMaxAge seconds for shared caches, which can be purged; with 0, they revalidate each time too
 */
export function cacheControl(sharedMaxAge: number): string {
  const shared = sharedMaxAge > 0 ? `, s-maxage=${sharedMaxAge}` : '';
  return `public, max-age=0, must-revalidate${shared}`;
}
