import { setting } from '#environment/settings.ts';

/** The address that readers know the site by: SITE_URL, or else the host of this request, which the client chooses. */
export function siteOf(request: Request): URL {
  const { headers } = request;
  const scheme = headers.get('x-forwarded-proto')?.split(',', 1)[0] === 'https' ? 'https' : 'http';
  return setting('SITE_URL') ?? URL.parse(`${scheme}://${headers.get('host')}`) ?? new URL(request.url);
}

/**
 * Whether a form was sent by a page of this site, as the browser tells it.
 * Sec-Fetch-Site is left out by browsers where the site has no TLS, Origin by none.
 */
export function isFromOwnPage(request: Request): boolean {
  const from = request.headers.get('sec-fetch-site');
  if (from !== null) return from === 'same-origin';
  return URL.parse(request.headers.get('origin') ?? '')?.host === siteOf(request).host;
}
