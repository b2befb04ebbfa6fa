import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a text sent by a client equals the secret. Compares in constant time. */
export function isSameSecret(sent: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(sent), digest(secret));
}
