import 'server-only';
import { appendToContentLog, ContentLogReadOnly } from '#content-log/append.ts';
import { ALL_TAG, LISTS_TAG, postTag } from '#content-log/tags.ts';
import { DatabaseUnavailable } from '#database/problem.ts';
import { bearerToken } from '#requests/bearer.ts';
import { bodyWithin } from '#requests/body.ts';
import { isSameSecret } from '#requests/same-secret.ts';
import { optionalSecret } from '#secrets/index.ts';
import { isSlug } from './slug.ts';

/** Maximum bytes of a request's body. */
const LARGEST_BODY = 1_000;

/** What to revalidate: one post and the lists that may show it, or every page. */
type Order = { slug: string } | { all: true };

/**
 * Handles a request from a CMS or a pipeline to expire pages on every replica, authorized by REVALIDATE_TOKEN. Responds
 * with 404 if that secret is not set, and with 503, without any effect, if the database can't be used.
 */
export async function answerRevalidation(request: Request): Promise<Response> {
  const token = optionalSecret('REVALIDATE_TOKEN');
  if (token === undefined) return refusal(404, 'On-demand revalidation is off: REVALIDATE_TOKEN is not set.');
  if (!isSameSecret(bearerToken(request.headers.get('authorization')) ?? '', token)) {
    return refusal(401, 'Send Authorization: Bearer with the value of REVALIDATE_TOKEN.', {
      'WWW-Authenticate': 'Bearer',
    });
  }
  const order = orderOf(await bodyWithin(LARGEST_BODY, request));
  if (!order) return refusal(400, 'Send {"slug":"a-post"} for one post and the lists, or {"all":true}.');
  try {
    await appendToContentLog('slug' in order ? [postTag(order.slug), LISTS_TAG] : [ALL_TAG]);
  } catch (error) {
    if (error instanceof ContentLogReadOnly) return refusal(403, error.message);
    // The outage is already logged.
    if (!(error instanceof DatabaseUnavailable)) throw error;
    return refusal(503, 'The database does not answer, so no page was changed. Try again later.', {
      'Retry-After': '30',
    });
  }
  return Response.json({ refreshed: 'slug' in order ? [`/posts/${order.slug}`, 'lists'] : ['all'] });
}

function orderOf(text: string | undefined): Order | undefined {
  try {
    const { slug, all, ...others } = JSON.parse(text ?? '') ?? {};
    if (Object.keys(others).length > 0) return undefined;
    if (typeof slug === 'string' && all === undefined && isSlug(slug)) return { slug };
    return all === true && slug === undefined ? { all } : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
