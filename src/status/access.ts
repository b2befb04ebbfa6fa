import { processWide } from '#environment/process-wide.ts';
import { bearerToken } from '#requests/bearer.ts';
import { isSameSecret } from '#requests/same-secret.ts';
import { optionalSecret } from '#secrets/index.ts';
import { isSession, signSession } from './session.ts';

/** The name of the session cookie. */
export const STATUS_COOKIE = 'sealed_status';

/** Wrong tokens per minute, by all clients, that are answered with `denied`; after that the answer is `limited`. */
const FAILURES = 5;

/** A minute in milliseconds. */
const MINUTE = 60_000;

/** Whether a client may see the status; `off` if STATUS_TOKEN is not set, `limited` after too many wrong tokens. */
export type Access = 'off' | 'denied' | 'limited' | 'granted';

const signIns = processWide('status.sign-ins', () => ({ failures: [] as number[] }));

/**
 * Decides whether a request may see the status.
 *
 * @param authorization the header's value; if it contains a token, the cookie is ignored
 * @param cookie the value of {@link STATUS_COOKIE}
 */
export function statusAccess(authorization?: string | null, cookie?: string): Access {
  const token = optionalSecret('STATUS_TOKEN');
  if (token === undefined) return 'off';
  const sent = bearerToken(authorization);
  if (sent !== undefined) return tokenAccess(sent);
  return cookie !== undefined && isSession(purpose(token), cookie) ? 'granted' : 'denied';
}

/**
 * Checks a token against STATUS_TOKEN. The right one is granted after any number of wrong ones: it is too long to guess,
 * and nobody should be able to lock out the operators of the site.
 */
export function tokenAccess(sent: string, now = Date.now()): Access {
  const token = optionalSecret('STATUS_TOKEN');
  if (token === undefined) return 'off';
  if (isSameSecret(sent, token)) return 'granted';
  signIns.failures = signIns.failures.filter((at) => now - at < MINUTE);
  if (signIns.failures.length >= FAILURES) return 'limited';
  signIns.failures.push(now);
  return 'denied';
}

/** Creates a session, as the value of {@link STATUS_COOKIE}; `undefined` if STATUS_TOKEN is not set. */
export function statusSession(): string | undefined {
  const token = optionalSecret('STATUS_TOKEN');
  return token === undefined ? undefined : signSession(purpose(token));
}

/** Contains the token, so that changing STATUS_TOKEN ends all sessions. */
function purpose(token: string): string {
  return `status ${token}`;
}
