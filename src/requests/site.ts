import { environment } from '#environment/variables.ts';
import { unquoted } from '#secrets/reader.ts';

/**
 * The address that readers know the site by: SITE_URL, or else where this request went to, which whoever sends it decides.
 *
 * @throws Error where SITE_URL is set and is no address of a site
 */
export function siteOf(request: Request): URL {
  const { headers } = request;
  const scheme = headers.get('x-forwarded-proto')?.split(',', 1)[0] === 'https' ? 'https' : 'http';
  return configuredSite() ?? URL.parse(`${scheme}://${headers.get('host')}`) ?? new URL(request.url);
}

/**
 * What SITE_URL says; `undefined` where it is not set.
 *
 * @throws Error where it is no address of a site
 */
export function configuredSite(): URL | undefined {
  const text = unquoted(environment.SITE_URL ?? '');
  if (text === '') return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return new URL(url.origin);
  throw new Error('SITE_URL is not the address of a site. Set it, as in https://blog.example.');
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
