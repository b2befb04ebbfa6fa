import 'server-only';
import { revalidateTag } from 'next/cache';
import { LISTS_TAG, POSTS_TAG, postTag } from '#posts/queries.ts';
import { isSlug } from '#posts/slug.ts';
import { currentSecret } from '#secrets/current.ts';
import { bearerToken, isSameSecret } from '#secrets/same-secret.ts';

/** Bytes of a body at most. */
const LARGEST_BODY = 1_000;

const FORM = 'Send {"slug":"a-post"} for one post and the lists, or {"all":true} for every page.';

/** What is to be generated anew: one post and the lists it may stand in, or every page. */
type Order = { slug: string } | { all: true };

/**
 * Answers a CMS or a pipeline that knows REVALIDATE_TOKEN: pages that it names are generated anew on their next visit.
 * Without that secret there is nothing here.
 */
export async function answerRevalidation(request: Request): Promise<Response> {
  const token = currentSecret('REVALIDATE_TOKEN')?.value;
  if (token === undefined)
    return refusal(404, 'REVALIDATE_TOKEN is not set, so nothing is generated anew by request.');
  if (!isSameSecret(bearerToken(request.headers) ?? '', token)) {
    return refusal(401, 'Send Authorization: Bearer with the value of REVALIDATE_TOKEN.', {
      'WWW-Authenticate': 'Bearer',
    });
  }
  const order = orderOf(await textOf(request));
  if (!order) return refusal(400, FORM);
  // A stale page would be served once more, while whoever asked for this looks at it.
  const tags = 'slug' in order ? [postTag(order.slug), LISTS_TAG] : [POSTS_TAG];
  for (const tag of tags) revalidateTag(tag, { expire: 0 });
  return Response.json({ revalidated: 'slug' in order ? [`/posts/${order.slug}`, 'lists'] : ['all'] });
}

async function textOf(request: Request): Promise<string | undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LARGEST_BODY) return undefined;
  }
  return text;
}

function orderOf(text: string | undefined): Order | undefined {
  try {
    const { slug, all } = JSON.parse(text ?? '') ?? {};
    if (slug !== undefined && all !== undefined) return undefined;
    if (typeof slug === 'string' && isSlug(slug)) return { slug };
    return all === true ? { all } : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
