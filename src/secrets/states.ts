import { createHmac, randomBytes } from 'node:crypto';
import { declarationOf, type Need, SECRET_NAMES, type SecretName } from './declaration.ts';
import { derivedKey } from './derived-keys.ts';
import { maskSecret } from './masking.ts';
import { mayBeReadIn, type Phase } from './phase.ts';
import { readSecret } from './reader.ts';
import { SecretError } from './secret-error.ts';
import { findSecret, type Sources } from './sources.ts';

/** The state of a declared secret in an environment. Contains no value, so it may be shown. */
export type SecretState = {
  name: SecretName;
  /** The phases that may read it, such as `build, run`. */
  phases: string;
  /** Whether the given phase fails without it; `unused` if that phase never reads it. */
  need: Need | 'unused';
  /** A phrase for where it was found; `undefined` if it was not. */
  source: string | undefined;
  /** Ten hexadecimal digits, equal for equal values and keys; see {@link fingerprint}. */
  fingerprint: string | undefined;
  /** One sentence that says what is wrong and what to do; `undefined` if nothing is. */
  problem: string | undefined;
};

/**
 * Inspects every declared secret. Never throws.
 *
 * @param phase the phase for which secrets are required or unused
 */
export function secretStates(phase: 'generate' | 'run', sources: Partial<Sources> = {}): SecretState[] {
  const key = fingerprintKey(sources);
  return SECRET_NAMES.map((name): SecretState => {
    const { phases } = declarationOf(name);
    const declared = phase === 'run' ? phases.run : phases.build;
    const need: SecretState['need'] = declared ?? (mayBeReadIn(name, phase) ? 'optional' : 'unused');
    const state = { name, phases: Object.keys(phases).join(', '), need };
    try {
      const found = findSecret(name, sources);
      const missing =
        need === 'required' ? `${name} is missing. Without it, ${declarationOf(name).without}.` : undefined;
      if (!found) return { ...state, source: undefined, fingerprint: undefined, problem: missing };
      maskSecret(name, found.value);
      const print = fingerprint(found.value, key);
      return { ...state, source: found.source, fingerprint: print, problem: schemaProblem(name, sources) };
    } catch (error) {
      return { ...state, source: undefined, fingerprint: undefined, problem: sentence(error) };
    }
  });
}

/** The states that prevent the phase from working. */
export function blocking(states: SecretState[]): SecretState[] {
  return states.filter(({ problem, need }) => problem !== undefined && need !== 'unused');
}

/**
 * Shows whether two environments have the same value, without revealing it. It is an HMAC, since anyone who sees a plain
 * hash could guess a weak secret offline.
 */
export function fingerprint(value: string, key: Buffer): string {
  return createHmac('sha256', key).update(value).digest('hex').slice(0, 10);
}

/** Derived from AUTH_SECRET, so that environments that share it can be compared; random if there is no valid one. */
function fingerprintKey(sources: Partial<Sources>): Buffer {
  try {
    return derivedKey('fingerprint', 32, sources);
  } catch {
    return randomBytes(32);
  }
}

/** Inspecting a secret does not count as using it, so every phase may: `development` allows all reads. */
const INSPECTION: Phase = 'development';

function schemaProblem(name: SecretName, sources: Partial<Sources>): string | undefined {
  try {
    readSecret(name, { ...sources, phase: INSPECTION });
    return undefined;
  } catch (error) {
    return sentence(error);
  }
}

function sentence(error: unknown): string {
  if (error instanceof SecretError) return error.message;
  throw error;
}
