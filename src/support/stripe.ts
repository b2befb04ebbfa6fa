import { randomUUID } from 'node:crypto';
import { setting } from '#environment/settings.ts';

/** The version of Stripe's API: https://docs.stripe.com/api/versioning. */
const STRIPE_VERSION = '2025-03-31.basil';

/** Milliseconds before the request fails. */
const TIMEOUT = 10_000;

/**
 * Creates a payment page at Stripe; see https://docs.stripe.com/api/checkout/sessions/create.
 *
 * @param key a secret or restricted Stripe key
 * @param euros the amount
 * @param site the site that Stripe sends the reader back to
 * @returns the address of the payment page
 * @throws Error if that fails. The message does not quote Stripe's, which may contain a part of the key
 */
export async function checkoutPage(key: string, euros: number, site: URL): Promise<URL> {
  const api = setting('STRIPE_API_URL');
  const response = await fetch(new URL('/v1/checkout/sessions', api), {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
    headers: {
      Authorization: `Bearer ${key}`,
      'Stripe-Version': STRIPE_VERSION,
      'Idempotency-Key': randomUUID(),
    },
    body: new URLSearchParams({
      mode: 'payment',
      submit_type: 'donate',
      'line_items[0][quantity]': '1',
      'line_items[0][price_data][currency]': 'eur',
      'line_items[0][price_data][unit_amount]': String(100 * euros),
      'line_items[0][price_data][product_data][name]': 'Support for this blog',
      success_url: new URL('/support/thanks', site).href,
      cancel_url: new URL('/support/cancelled', site).href,
    }),
  }).catch(() => {
    throw new Error(`Stripe at ${api.host} did not answer. Check the network.`);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(refusal(response.status));
  }
  const { url } = await response.json().catch(() => ({}));
  const page = typeof url === 'string' ? URL.parse(url) : null;
  if (page && (page.protocol === 'https:' || page.origin === api.origin)) return page;
  throw new Error('Stripe did not return the address of a payment page.');
}

/** The message for a status code; see https://docs.stripe.com/api/errors. */
function refusal(status: number): string {
  if (status === 401) return 'Stripe rejected the key (401). Check STRIPE_SECRET_KEY.';
  if (status === 403)
    return 'Stripe does not let this key take payments (403). Allow it to write Checkout Sessions.';
  if (status === 429) return 'Stripe is rate-limiting requests (429). Try again in a minute.';
  if (status >= 500) return `Stripe failed (${status}).`;
  return `Stripe refused to start a payment (${status}). Its dashboard has the reason, under Developers, Logs.`;
}
