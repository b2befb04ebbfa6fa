import { type HttpService, type Received, startService } from './http-service.ts';

/** Where the reader pays, in the form that Stripe returns for a test session. */
export const CHECKOUT_PAGE = 'https://checkout.stripe.com/c/pay/cs_test_1';

/** A stand-in for Stripe's API. `trouble` replaces the response; `silence` leaves the request without one. */
export type StripeServer = HttpService & { trouble: [number, object] | 'silence' | undefined };

/**
 * Creates Checkout Sessions and rejects requests as https://docs.stripe.com/api/checkout/sessions/create and
 * …/api/errors say.
 */
export async function startStripe(key: string): Promise<StripeServer> {
  const service = await startService((received) => {
    if (stripe.trouble === 'silence') return undefined;
    return stripe.trouble ?? answer(received, key);
  });
  const stripe: StripeServer = Object.assign(service, { trouble: undefined });
  return stripe;
}

function answer({ method, path, headers, body }: Received, key: string): [number, object] {
  if (`${method} ${path}` !== 'POST /v1/checkout/sessions') return invalid(404, 'Unrecognized request URL');
  if (headers.authorization !== `Bearer ${key}`)
    return invalid(401, `Invalid API Key provided: ${headers.authorization}`);
  const form = new URLSearchParams(body);
  const item = 'line_items[0]';
  const needed = ['mode', 'success_url', `${item}[quantity]`, `${item}[price_data][currency]`];
  for (const name of [...needed, `${item}[price_data][unit_amount]`]) {
    if (!form.get(name)) return invalid(400, `Missing required param: ${name}.`);
  }
  return [200, { id: 'cs_test_1', object: 'checkout.session', status: 'open', url: CHECKOUT_PAGE }];
}

function invalid(status: number, message: string): [number, object] {
  return [status, { error: { type: 'invalid_request_error', message } }];
}
