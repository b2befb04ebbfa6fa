import 'server-only';
import { randomUUID } from 'node:crypto';
import { currentSecret } from '#secrets/current.ts';
import { environment } from '#secrets/environment.ts';
import { SecretError, unquoted } from '#secrets/reader.ts';
import { AMOUNTS } from './amounts.ts';

/** The version of the API that this is written for: https://docs.stripe.com/api/versioning. */
const STRIPE_VERSION = '2025-03-31.basil';

/** Milliseconds. */
const TIMEOUT = 10_000;

/** Whether a reader can be asked for support: the key is there, and may be one. */
export function isSupportOffered(): boolean {
  try {
    return currentSecret('STRIPE_SECRET_KEY') !== undefined;
  } catch (error) {
    if (error instanceof SecretError) return false;
    throw error;
  }
}

/**
 * Takes the form of `/support`, and sends the reader to Stripe's page to pay. The key is read in this moment alone.
 * Whatever goes wrong, the reader comes to a page that says so, and the log has one line.
 */
export async function answerCheckout(request: Request): Promise<Response> {
  const site = siteOf(request);
  if (!isSupportOffered()) return redirect(new URL('/support', site));
  if (!comesFromHere(request, site)) return new Response('Use the form at /support.\n', { status: 403 });
  const amount = Number((await request.formData().catch(() => new FormData())).get('amount'));
  if (!AMOUNTS.includes(amount)) return redirect(new URL('/support', site));
  try {
    return redirect(await checkoutUrl(amount, site));
  } catch (error) {
    console.error(`support: ${error instanceof Error ? error.message : 'no payment could be started.'}`);
    return redirect(new URL('/support/trouble', site));
  }
}

/** https://docs.stripe.com/api/checkout/sessions/create */
async function checkoutUrl(euros: number, site: URL): Promise<URL> {
  const api = new URL(unquoted(environment.STRIPE_API_URL ?? '') || 'https://api.stripe.com');
  const response = await fetch(new URL('/v1/checkout/sessions', api), {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
    headers: {
      Authorization: `Bearer ${currentSecret('STRIPE_SECRET_KEY')?.value}`,
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
      cancel_url: new URL('/support', site).href,
    }),
  }).catch((cause: unknown) => {
    throw new Error('Stripe gave no answer. Check the network between here and there.', { cause });
  });
  if (!response.ok) throw new Error(refused(response.status));
  const { url } = await response.json().catch(() => ({}));
  const page = typeof url === 'string' ? URL.parse(url) : null;
  if (page && (page.protocol === 'https:' || page.host === api.host)) return page;
  throw new Error('Stripe answered without the address of a page to pay at.');
}

function refused(status: number): string {
  if (status === 401) return 'Stripe does not know the key (401). Check STRIPE_SECRET_KEY.';
  if (status === 403)
    return 'Stripe does not let this key take payments (403). Allow it Checkout Sessions: write.';
  if (status === 429) return 'Stripe answers too many requests, and turned this one away (429).';
  if (status >= 500) return `Stripe has trouble of its own (${status}).`;
  return `Stripe refused to start a payment (${status}).`;
}

/** Behind a proxy the address that readers use is not the one that was asked for here. */
function siteOf(request: Request): URL {
  const configured = URL.parse(unquoted(environment.SITE_URL ?? ''));
  if (configured) return configured;
  const host = request.headers.get('host') ?? '';
  const scheme = request.headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  return URL.parse(`${scheme}://${host}`) ?? new URL(request.url);
}

function comesFromHere(request: Request, site: URL): boolean {
  const fetchSite = request.headers.get('sec-fetch-site');
  if (fetchSite) return fetchSite === 'same-origin' || fetchSite === 'none';
  const origin = request.headers.get('origin');
  return origin === null || URL.parse(origin)?.host === site.host;
}

function redirect(to: URL): Response {
  return new Response(null, { status: 303, headers: { Location: to.href, 'Cache-Control': 'no-store' } });
}
