import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a text that somebody sent is the secret. Takes the same time wherever the two differ. */
export function isSameSecret(sent: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(sent), digest(secret));
}
