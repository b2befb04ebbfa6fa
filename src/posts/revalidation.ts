import 'server-only';
import { revalidateTag } from 'next/cache';
import { askDatabase } from '#database/client.ts';
import { DatabaseUnavailable } from '#database/problem.ts';
import { bearerToken } from '#requests/bearer.ts';
import { bodyWithin } from '#requests/body.ts';
import { isSameSecret } from '#requests/same-secret.ts';
import { optionalSecret } from '#secrets/index.ts';
import { LISTS_TAG, POSTS_TAG, postTag } from './queries.ts';
import { isSlug } from './slug.ts';

/** Bytes of a body at most. */
const LARGEST_BODY = 1_000;

/** What to revalidate: one post and the lists that may show it, or every page. */
type Order = { slug: string } | { all: true };

/**
 * Answers a CMS or a pipeline that knows REVALIDATE_TOKEN: the pages that it names are rendered again on their next
 * visit. Without that secret the answer is 404. While the database is away it is 503, and the pages stay as they are:
 * they could not be rendered again.
 */
export async function answerRevalidation(request: Request): Promise<Response> {
  const token = optionalSecret('REVALIDATE_TOKEN');
  if (token === undefined)
    return refusal(404, 'Nothing is generated anew by request here: REVALIDATE_TOKEN is not set.');
  if (!isSameSecret(bearerToken(request.headers.get('authorization')) ?? '', token)) {
    return refusal(401, 'Send Authorization: Bearer with the value of REVALIDATE_TOKEN.', {
      'WWW-Authenticate': 'Bearer',
    });
  }
  const order = orderOf(await bodyWithin(LARGEST_BODY, request));
  if (!order) return refusal(400, 'Send {"slug":"a-post"} for one post and the lists, or {"all":true}.');
  if (!(await isDatabaseAvailable()))
    return refusal(503, 'The database is away, so no page was changed. Try again later.', {
      'Retry-After': '30',
    });
  const tags = 'slug' in order ? [postTag(order.slug), LISTS_TAG] : [POSTS_TAG];
  // Not the profile `max`: it would serve the old page once more, to whoever looks at what they have just asked for.
  for (const tag of tags) revalidateTag(tag, { expire: 0 });
  return Response.json({ refreshed: 'slug' in order ? [`/posts/${order.slug}`, 'lists'] : ['all'] });
}

async function isDatabaseAvailable(): Promise<boolean> {
  try {
    await askDatabase();
    return true;
  } catch (error) {
    // The log has its own line about this.
    if (error instanceof DatabaseUnavailable) return false;
    throw error;
  }
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
