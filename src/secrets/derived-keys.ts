import { hkdfSync, randomBytes } from 'node:crypto';
import { processWide } from '#environment/process-wide.ts';
import { liveSecret, optionalSecret, previousSecret } from './live.ts';
import { readSecret } from './reader.ts';
import type { Sources } from './sources.ts';

/** Milliseconds for which the previous key stays valid after AUTH_SECRET changes: a day, so that no session ends early. */
export const OVERLAP = 24 * 60 * 60 * 1_000;

/**
 * Derives a key from AUTH_SECRET, so that every replica has the same one; if AUTH_SECRET is not set, from random bytes
 * that this process generates once. Uses HKDF with SHA-256, see https://www.rfc-editor.org/rfc/rfc5869.
 * Each call reads AUTH_SECRET, so a caller that needs a key often should keep it.
 *
 * @param label what the key is for; keys with different labels reveal nothing about each other
 * @param bytes the key's length, at most 8,160
 * @param sources where to look for AUTH_SECRET, if not in this process's own sources
 * @throws SecretError if AUTH_SECRET is set but invalid, or must not be read in this phase
 */
export function derivedKey(label: string, bytes: number, sources: Partial<Sources> = {}): Buffer {
  return derive(readSecret('AUTH_SECRET', sources)?.value ?? randomRoot(), label, bytes);
}

/**
 * Keys for signing and verifying across a rotation of AUTH_SECRET: what is signed with the first key stays valid for
 * {@link OVERLAP} after AUTH_SECRET changes. Needs no I/O in a process that watches its secrets.
 *
 * @returns the current key, followed by previous keys that are still valid
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
