import { createHmac, timingSafeEqual } from 'node:crypto';
import { rotatingKeys } from '#secrets/index.ts';

/** Seconds for which a session lasts. */
export const SESSION_LIFE = 12 * 60 * 60;

const LABEL = 'session';

/**
 * Signs that whoever holds this text has signed in for something. There is nothing else in it.
 *
 * @param purpose what for; a session for one thing is none for another. It stays here and may be a secret
 * @param now milliseconds since 1970
 */
export function signSession(purpose: string, now = Date.now()): string {
  const expires = Math.floor(now / 1_000) + SESSION_LIFE;
  const [key] = rotatingKeys(LABEL, 32);
  return `${expires}.${signature(key, purpose, expires).toString('base64url')}`;
}

/** Whether a text is a session for this purpose that has not expired, signed with a key that still counts. */
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
