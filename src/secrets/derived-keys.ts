import { hkdfSync, randomBytes } from 'node:crypto';
import { perProcess } from './per-process.ts';
import { readSecret } from './reader.ts';
import type { Sources } from './sources.ts';

/**
 * Makes a key from AUTH_SECRET, so that every replica makes the same one; where there is none, from random bytes
 * that this process makes once. HKDF with SHA-256, see https://www.rfc-editor.org/rfc/rfc5869.
 * It reads AUTH_SECRET each time, so whoever needs a key often keeps it.
 *
 * @param label what the key is for; two labels give two keys that tell nothing of each other
 * @param bytes the key's length, at most 8,160
 * @param sources where to look for AUTH_SECRET, if not in this process's own sources
 * @throws SecretError where AUTH_SECRET is there but of no use, or must not be read in this phase
 */
export function derivedKey(label: string, bytes: number, sources: Partial<Sources> = {}): Buffer {
  const root = readSecret('AUTH_SECRET', sources)?.value ?? randomRoot();
  return Buffer.from(hkdfSync('sha256', root, '', `sealed ${label}`, bytes));
}

function randomRoot(): Buffer {
  perProcess.sealedRandomRoot ??= randomBytes(32);
  return perProcess.sealedRandomRoot;
}
