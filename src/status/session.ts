import { createHmac, timingSafeEqual } from 'node:crypto';
import { rotatingKeys } from '#secrets/index.ts';

/** Lifetime of a session in seconds. */
export const SESSION_LIFE = 12 * 60 * 60;

const LABEL = 'session';

/**
 * Creates a session: a signed expiry time, and nothing else.
 *
 * @param purpose what the session is valid for; it is not part of the text, and may be a secret
 * @param now milliseconds since 1970
 */
export function signSession(purpose: string, now = Date.now()): string {
  const expires = Math.floor(now / 1_000) + SESSION_LIFE;
  const [key] = rotatingKeys(LABEL, 32);
  return `${expires}.${signature(key, purpose, expires).toString('base64url')}`;
}

/** Whether a text is an unexpired session for this purpose, signed with a key that is still valid. */
export function isSession(purpose: string, text: string, now = Date.now()): boolean {
  const [, digits, signed = ''] = /^(\d{1,12})\.([\w-]{43})$/.exec(text) ?? [];
  const expires = Number(digits);
  if (!digits || expires * 1_000 < now) return false;
  const given = Buffer.from(signed, 'base64url');
  return rotatingKeys(LABEL, 32).some((key) => timingSafeEqual(signature(key, purpose, expires), given));
}

function signature(key: Buffer, purpose: string, expires: number): Buffer {
  return createHmac('sha256', key).update(`${expires} ${purpose}`).digest();
}
