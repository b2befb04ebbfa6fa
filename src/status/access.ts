import { bearerToken } from '#requests/bearer.ts';
import { usableSecret } from '#secrets/current.ts';
import { isSameSecret } from '#secrets/same-secret.ts';
import { isSession, signSession } from '#sessions/session.ts';

/** The cookie of whoever has signed in. */
export const STATUS_COOKIE = 'sealed_status';

/** Wrong tokens in a minute, past which no token is taken: enough for a person, few for a machine. */
const FAILURES = 5;

/** Milliseconds. */
const MINUTE = 60_000;

/** Whether somebody may see the status; `off` where STATUS_TOKEN is not set. */
export type Access = 'off' | 'denied' | 'granted';

const perProcess = globalThis as typeof globalThis & { sealedFailedSignIns?: number[] };

/**
 * @param authorization the header's value; where it has a token, that alone decides
 * @param cookie the value of {@link STATUS_COOKIE}
 */
export function statusAccess(authorization?: string | null, cookie?: string): Access {
  const token = usableSecret('STATUS_TOKEN');
  if (token === undefined) return 'off';
  const sent = bearerToken(authorization);
  if (sent !== undefined) return isStatusToken(sent) ? 'granted' : 'denied';
  return cookie !== undefined && isSession(purpose(token), cookie) ? 'granted' : 'denied';
}

/** Whether a text is STATUS_TOKEN. Past a few failures in a minute nothing is, until a minute after the first of them. */
export function isStatusToken(sent: string, now = Date.now()): boolean {
  const failures = (perProcess.sealedFailedSignIns ?? []).filter((at) => now - at < MINUTE);
  perProcess.sealedFailedSignIns = failures;
  const token = usableSecret('STATUS_TOKEN');
  if (token === undefined || failures.length >= FAILURES) return false;
  if (isSameSecret(sent, token)) return true;
  failures.push(now);
  return false;
}

/** A session for who has shown STATUS_TOKEN, as the value of {@link STATUS_COOKIE}; `undefined` where there is none to show. */
export function statusSession(): string | undefined {
  const token = usableSecret('STATUS_TOKEN');
  return token === undefined ? undefined : signSession(purpose(token));
}

/** With another STATUS_TOKEN, the sessions that the one before opened are over. */
function purpose(token: string): string {
  return `status ${token}`;
}
