import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerPlainly } from './plain-answer.ts';

/** The address of Next.js's own not-found page. */
export const NOT_FOUND_PATH = '/_not-found';

/** The routes that accept POST and no other method. Everything else is a page or a file, and is only read. */
export const POST_ROUTES = ['/revalidate', '/status/sign-in', '/support/checkout'];

/** The methods for pages. POST is excluded, because Next.js would decode it as a server action, and there is none. */
const READING = 'GET, HEAD';

/** Internal headers of Next.js, its middleware and its hosting platforms; no browser sends one of them to this server. */
const INTERNAL_HEADERS =
  /^(?:next-(?:action|resume)$|x-(?:action|invocation|invoke|matched|middleware|next|nextjs|now|prerender)-)/;

/** Cookies that enable draft mode and preview mode, which the blog does not have. */
const INTERNAL_COOKIES = ['__prerender_bypass', '__next_preview_data'];

/** A request target in absolute form: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2. */
const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/i;

/**
 * Answers requests that need no page: malformed targets (400), OPTIONS (204), and methods that are not allowed (405).
 * Requests that pass are in origin form, and have no internal headers or cookies of Next.js.
 *
 * @returns whether the request was answered
 */
export function screenRequest(request: IncomingMessage, response: ServerResponse): boolean {
  const { method = 'GET' } = request;
  if (request.url === '*' && method === 'OPTIONS') return answerOptions(response, `${READING}, POST`);
  if (!takeOriginForm(request) || !takePath(request)) {
    answerPlainly(response, 400, 'The address is malformed.');
    return true;
  }
  const allowed = allowedMethods(request.url ?? '/');
  if (method === 'OPTIONS') return answerOptions(response, allowed);
  if (!allowed.split(', ').includes(method)) {
    answerPlainly(response, 405, `This address does not support ${method}.`, { Allow: allowed });
    return true;
  }
  removeInternals(request);
  return false;
}

function answerOptions(response: ServerResponse, allowed: string): true {
  response.writeHead(204, { Allow: allowed }).end();
  return true;
}

/** A path with a trailing slash counts as well: the redirect to the path without it keeps the method. */
function allowedMethods(target: string): string {
  const path = target.split('?', 1)[0] ?? '/';
  return POST_ROUTES.some((route) => path === route || path === `${route}/`) ? 'POST' : READING;
}

/** Converts a target in absolute form; its host replaces the Host header. Returns false if it is malformed. */
function takeOriginForm(request: IncomingMessage): boolean {
  const [, scheme, authority, rest = ''] = ABSOLUTE.exec(request.url ?? '') ?? [];
  if (authority !== undefined) {
    const host = URL.parse(`${scheme}://${authority}`)?.host;
    if (!authority || !host) return false;
    request.headers.host = host;
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
  }
  return request.url?.startsWith('/') ?? false;
}

/**
 * Sends route templates, such as `/posts/[slug]`, and internal pages of Next.js to the not-found page: Next.js would
 * answer the former with 200 and a fallback shell, and the latter with an error.
 *
 * @returns false if the percent-encoding is malformed, which Next.js would answer with 500
 */
function takePath(request: IncomingMessage): boolean {
  try {
    const path = decodeURIComponent((request.url ?? '/').split('?', 1)[0] ?? '/');
    if (/[[\]]|^\/_(?!next\/)/.test(path)) request.url = NOT_FOUND_PATH;
    return true;
  } catch {
    return false;
  }
}

function removeInternals({ headers }: IncomingMessage): void {
  for (const name of Object.keys(headers)) if (INTERNAL_HEADERS.test(name)) delete headers[name];
  if (!headers.cookie) return;
  const cookies = headers.cookie
    .split(';')
    .filter((cookie) => !INTERNAL_COOKIES.includes(cookie.split('=', 1)[0]?.trim() ?? ''));
  if (cookies.length > 0) headers.cookie = cookies.join(';');
  else delete headers.cookie;
}
