import 'server-only';
import { connection } from 'next/server';
import { stripeKey } from './checkout.ts';

/** Seconds after which a browser asks again. */
const LIFE = 60;

/** Specific enough to win over the rule in `src/ui/theme.css`, whichever of the two comes first. */
const OFFERED = ':root [data-support="offered"]{display:revert}:root [data-support="closed"]{display:none}\n';

/**
 * A stylesheet that shows what a page has for the offer, where there is a key: pages that were generated once are the
 * same with and without one. See `docs/decisions/011-one-page-with-and-without-a-key.md`.
 */
export async function answerOfferStyles(): Promise<Response> {
  await connection();
  return new Response(stripeKey() === undefined ? '' : OFFERED, {
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': `public, max-age=${LIFE}` },
  });
}
