import 'server-only';
import { connection } from 'next/server';
import { isSupportOffered } from './checkout.ts';

/**
 * A stylesheet that shows what a page has for the offer, where there is a key. Generated pages are the same with and
 * without one, and asking for it in each would have every page rendered on every visit.
 */
export async function answerOfferStyles(): Promise<Response> {
  await connection();
  const styles = isSupportOffered()
    ? '[data-support="offered"]{display:revert}[data-support="closed"]{display:none}'
    : '';
  return new Response(styles, {
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'public, max-age=60' },
  });
}
