import { currentSecret } from '#secrets/current.ts';
import { bearerToken, isSameSecret } from '#secrets/same-secret.ts';
import { isSession } from '#sessions/session.ts';

/** The cookie of whoever has signed in. */
export const STATUS_COOKIE = 'sealed_status';

/** What the session of that cookie is for. */
export const STATUS_PURPOSE = 'status';

/** Sign-ins that may fail in a minute: many for a person, few for a machine. */
const FAILURES = 10;

/** Whether somebody may see the status; `off` where STATUS_TOKEN is not set. */
export type Access = 'off' | 'denied' | 'granted';

const perProcess = globalThis as typeof globalThis & { sealedFailedSignIns?: number[] };

/** @param cookie the value of {@link STATUS_COOKIE} */
export function statusAccess(headers: Headers, cookie: string | undefined): Access {
  const token = currentSecret('STATUS_TOKEN')?.value;
  if (token === undefined) return 'off';
  const sent = bearerToken(headers);
  if (sent !== undefined) return isStatusToken(sent) ? 'granted' : 'denied';
  return cookie !== undefined && isSession(STATUS_PURPOSE, cookie) ? 'granted' : 'denied';
}

/** Whether a text is STATUS_TOKEN. Past a number of failures in a minute nothing is, for the rest of that minute. */
export function isStatusToken(sent: string, now = Date.now()): boolean {
  const failures = (perProcess.sealedFailedSignIns ?? []).filter((at) => now - at < 60_000);
  perProcess.sealedFailedSignIns = failures;
  const token = currentSecret('STATUS_TOKEN')?.value;
  if (token === undefined || failures.length >= FAILURES) return false;
  if (isSameSecret(sent, token)) return true;
  failures.push(now);
  return false;
}
