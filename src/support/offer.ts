import 'server-only';
import { connection } from 'next/server';
import { stripeKey } from './checkout.ts';

/** Seconds for which a browser caches the stylesheet. */
const LIFE = 60;

/** More specific than the rule in `src/ui/theme.css`, so that it wins in either order. */
const OFFERED = ':root [data-support="offered"]{display:revert}:root [data-support="closed"]{display:none}\n';

/**
 * A stylesheet that shows the payment form if there is a Stripe key, since prerendered pages are the same with and
 * without one. See `docs/decisions/011-one-page-with-and-without-a-key.md`.
 */
export async function answerOfferStyles(): Promise<Response> {
  await connection();
  return new Response(stripeKey() === undefined ? '' : OFFERED, {
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': `public, max-age=${LIFE}` },
  });
}
