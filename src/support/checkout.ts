import 'server-only';
import { formOf } from '#requests/body.ts';
import { seeOther } from '#requests/see-other.ts';
import { isFromOwnPage, siteOf } from '#requests/site.ts';
import { optionalSecret } from '#secrets/index.ts';
import { AMOUNTS } from './amounts.ts';
import { checkoutPage } from './stripe.ts';

/** Stripe's key, where a reader can be asked for support. */
export function stripeKey(): string | undefined {
  return optionalSecret('STRIPE_SECRET_KEY');
}

/**
 * Takes the form of `/support`, and sends the reader to Stripe's page to pay.
 * Whatever goes wrong there, the reader comes to a page that says so, and the log has one line.
 */
export async function answerCheckout(request: Request): Promise<Response> {
  const key = stripeKey();
  if (key === undefined) return seeOther('/support');
  if (!isFromOwnPage(request)) return new Response('Use the form at /support.\n', { status: 403 });
  const amount = Number((await formOf(request)).get('amount'));
  if (!AMOUNTS.includes(amount)) return seeOther('/support');
  try {
    return seeOther((await checkoutPage(key, amount, siteOf(request))).href);
  } catch (error) {
    console.error(`support: ${error instanceof Error ? error.message : 'no payment could be started.'}`);
    return seeOther('/support/trouble');
  }
}
