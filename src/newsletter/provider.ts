import { setting } from '#environment/settings.ts';
import { readSecret, type Sources } from '#secrets/index.ts';
import type { MailTemplate } from './template.ts';

/** Milliseconds before the request fails. */
const TIMEOUT = 10_000;

/**
 * Fetches the newsletter's template from Postmark, during the build;
 * see https://postmarkapp.com/developer/api/templates-api#get-template.
 *
 * @param sources where to look for EMAIL_API_KEY, if not in this process's own sources
 * @returns `undefined` if EMAIL_API_KEY is not set
 * @throws Error if the request fails; the message is one sentence that names the provider's host, and never the key
 */
export async function fetchTemplate(sources: Partial<Sources> = {}): Promise<MailTemplate | undefined> {
  const key = readSecret('EMAIL_API_KEY', { ...sources, phase: 'generate' })?.value;
  if (key === undefined) return undefined;
  const api = setting('EMAIL_API_URL');
  const name = setting('EMAIL_TEMPLATE');
  const response = await fetch(new URL(`/templates/${encodeURIComponent(name)}`, api), {
    headers: { Accept: 'application/json', 'X-Postmark-Server-Token': key },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  }).catch((cause: unknown) => {
    throw new Error(
      `The mail provider at ${api.host} does not answer. Check EMAIL_API_URL and the network.`,
      { cause },
    );
  });
  if (!response.ok) throw new Error(refusal(response.status, api.host, name));
  const { Subject: subject, HtmlBody: html } = await response.json().catch(() => ({}));
  if (typeof html !== 'string' || !html)
    throw new Error(
      `The template "${name}" at ${api.host} has no HTML. Add some, or name another template with EMAIL_TEMPLATE.`,
    );
  return { subject: typeof subject === 'string' ? subject : '', html };
}

function refusal(status: number, host: string, name: string): string {
  if (status === 401) return `The mail provider at ${host} rejected the key (401). Check EMAIL_API_KEY.`;
  if (status === 404 || status === 422)
    return `The mail provider at ${host} has no template "${name}" (${status}). Check EMAIL_TEMPLATE.`;
  return `The mail provider at ${host} did not return the template "${name}" (${status}). Try again later.`;
}
