import { declarationOf, type SecretName, type SecretValue } from './declaration.ts';
import { maskSecret } from './masking.ts';
import { currentPhase, type Phase, requirePhase } from './phase.ts';
import { SecretError } from './secret-error.ts';
import { findSecret, type Sources } from './sources.ts';
import '#secrets/server-guard';

/** A declared secret as its schema gives it, and where it was found. */
export type ReadSecret<Name extends SecretName> = { value: SecretValue<Name>; source: string };

/**
 * Reads a declared secret: the one door. It looks anew each time, so whoever reads often keeps what it got.
 * From then on the process prints the value nowhere, see `masking.ts`.
 *
 * @param from sources and a phase other than the process's own
 * @returns what the schema makes of the value, or `undefined` where no source has it
 * @throws SecretError where the phase forbids it, a source is of no use, or the value is not what the schema asks for
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
