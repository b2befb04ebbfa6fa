import { processWide } from '#environment/process-wide.ts';
import { bearerToken } from '#requests/bearer.ts';
import { isSameSecret } from '#requests/same-secret.ts';
import { optionalSecret } from '#secrets/index.ts';
import { isSession, signSession } from './session.ts';

/** The cookie of whoever has signed in. */
export const STATUS_COOKIE = 'sealed_status';

/** Wrong tokens in a minute that are answered as such; after that, a client is told to wait. */
const FAILURES = 5;

/** Milliseconds. */
const MINUTE = 60_000;

/** Whether a client may see the status; `off` if STATUS_TOKEN is not set, `limited` after too many wrong tokens. */
export type Access = 'off' | 'denied' | 'limited' | 'granted';

const signIns = processWide('status.sign-ins', () => ({ failures: [] as number[] }));

/**
 * @param authorization the header's value; if it has a token, that alone decides
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
 * Whether a text is STATUS_TOKEN. The right one is granted however many wrong ones came before: it is too long to guess,
 * and nobody may lock the operator out.
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

/** A session for who has shown STATUS_TOKEN, as the value of {@link STATUS_COOKIE}; `undefined` where there is none to show. */
export function statusSession(): string | undefined {
  const token = optionalSecret('STATUS_TOKEN');
  return token === undefined ? undefined : signSession(purpose(token));
}

/** With another STATUS_TOKEN, the sessions that the one before opened are over. */
function purpose(token: string): string {
  return `status ${token}`;
}
