import { comparablePath } from '#page-cache/old-urls.ts';

/**
 * The path of an old URL, in the form in which it is compared with requests.
 *
 * @returns `undefined` if it is none: no text, a template such as `/:year/:title/`, or the home page
 */
export function oldUrlPath(value: unknown): string | undefined {
  if (
    typeof value !== 'string' ||
    value.trim() === '' ||
    /[{}<>]|\/:/.test(value.replace(/^https?:\/\//i, ''))
  )
    return undefined;
  const url = URL.parse(value.trim(), 'https://site.invalid/');
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const path = comparablePath(url.pathname);
  return path === '/' ? undefined : path;
}
