import { declarationOf, type SecretName, type SecretValue } from './declaration.ts';
import { maskSecret } from './masking.ts';
import { currentPhase, type Phase, requirePhase } from './phase.ts';
import { SecretError } from './secret-error.ts';
import { findSecret, type Sources } from './sources.ts';
import '#secrets/server-guard';

/** A declared secret's value, as its schema produces it, and where it was found. */
export type ReadSecret<Name extends SecretName> = { value: SecretValue<Name>; source: string };

/**
 * Reads a declared secret; every other way to read one goes through this. Each call reads the sources again, so a caller
 * that needs the value often should keep it. From then on the process masks the value in its output: see `masking.ts`.
 *
 * @param from sources and a phase, if not the process's own
 * @returns the value as the schema produces it; `undefined` if no source has it
 * @throws SecretError if the phase forbids it, a source can't be used, or the value does not match the schema
 */
export function readSecret<Name extends SecretName>(
  name: Name,
  from: Partial<Sources> & { phase?: Phase } = {},
): ReadSecret<Name> | undefined {
  const { phase = currentPhase(), ...sources } = from;
  requirePhase(name, phase);
  const found = findSecret(name, sources);
  if (!found) return undefined;
  maskSecret(name, found.value);
  const parsed = declarationOf(name).schema.safeParse(found.value);
  if (!parsed.success) {
    throw new SecretError(`${name} (${found.source}) ${parsed.error.issues[0]?.message ?? 'is not valid.'}`);
  }
  return { value: parsed.data as SecretValue<Name>, source: found.source };
}
