import { setting } from '#environment/settings.ts';

/** The site's public address: SITE_URL, or else the host of this request, which the client can choose. */
export function siteOf(request: Request): URL {
  const { headers } = request;
  const scheme = headers.get('x-forwarded-proto')?.split(',', 1)[0] === 'https' ? 'https' : 'http';
  return setting('SITE_URL') ?? URL.parse(`${scheme}://${headers.get('host')}`) ?? new URL(request.url);
}

/**
 * Whether a form was submitted from a page of this site, according to the browser.
 * Browsers omit Sec-Fetch-Site on sites without TLS, but always send Origin.
 */
export function isFromOwnPage(request: Request): boolean {
  const from = request.headers.get('sec-fetch-site');
  if (from !== null) return from === 'same-origin';
  return URL.parse(request.headers.get('origin') ?? '')?.host === siteOf(request).host;
}
