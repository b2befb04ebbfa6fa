import 'server-only';
import { formOf } from '#requests/body.ts';
import { seeOther } from '#requests/see-other.ts';
import { isFromOwnPage, siteOf } from '#requests/site.ts';
import { optionalSecret } from '#secrets/index.ts';
import { AMOUNTS } from './amounts.ts';
import { checkoutPage } from './stripe.ts';

/** The Stripe key; `undefined` if the site does not take payments. */
export function stripeKey(): string | undefined {
  return optionalSecret('STRIPE_SECRET_KEY');
}

/**
 * Handles the form of `/support` and redirects the reader to Stripe's payment page.
 * If that fails, it redirects to a page that says so, and logs one line.
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
