import { hkdfSync, randomBytes } from 'node:crypto';
import { processWide } from '#environment/process-wide.ts';
import { liveSecret, optionalSecret, previousSecret } from './live.ts';
import { readSecret } from './reader.ts';
import type { Sources } from './sources.ts';

/** Milliseconds for which a key stays valid after AUTH_SECRET has changed: a day, so that nobody is signed out at work. */
export const OVERLAP = 24 * 60 * 60 * 1_000;

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
  return derive(readSecret('AUTH_SECRET', sources)?.value ?? randomRoot(), label, bytes);
}

/**
 * Keys to sign with and to verify with as AUTH_SECRET is rotated: what is signed with the first stays valid for
 * {@link OVERLAP} after the next. Costs no input or output where secrets are watched.
 *
 * @returns the key of now, and behind it those from before, while they count
 * @throws SecretError as {@link derivedKey}
 */
export function rotatingKeys(label: string, bytes: number): [Buffer, ...Buffer[]] {
  const root = liveSecret('AUTH_SECRET')?.value ?? randomRoot();
  const before = [previousSecret('AUTH_SECRET', OVERLAP), optionalSecret('AUTH_SECRET_PREVIOUS')];
  const roots = before.filter((value) => value !== undefined && value !== root);
  return [derive(root, label, bytes), ...roots.map((value) => derive(value ?? '', label, bytes))];
}

function derive(root: string | Buffer, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', root, '', `sealed ${label}`, bytes));
}

function randomRoot(): Buffer {
  return processWide('secrets.random-root', () => randomBytes(32));
}
