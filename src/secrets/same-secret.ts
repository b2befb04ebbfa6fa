import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a text that somebody sent is the secret. Takes the same time wherever the two differ. */
export function isSameSecret(sent: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(sent), digest(secret));
}

/** The token of an `Authorization: Bearer` header; `undefined` where there is none. See https://www.rfc-editor.org/rfc/rfc6750. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}
