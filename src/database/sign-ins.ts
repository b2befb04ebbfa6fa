import { processWide } from '#environment/process-wide.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Databases that accepted a sign-in of this process. Users and passwords are left out, because both may be rotated. */
const accepted = processWide('database.sign-ins', () => new Set<string>());

const nameOf = ({ host, port, database }: DatabaseAddress) => `${host}:${port}/${database}`;

/** Records that a database accepted a sign-in. */
export function recordSignIn(address: DatabaseAddress): void {
  accepted.add(nameOf(address));
}

/** Whether a sign-in was accepted before, so that a refusal may be a rotation in progress. */
export function wasSignedIn(address: DatabaseAddress): boolean {
  return accepted.has(nameOf(address));
}

/** The databases that accepted a sign-in, for a thread, which has its own memory. */
export function acceptedSignIns(): string[] {
  return [...accepted];
}

/** Adds what {@link acceptedSignIns} returned in another thread. */
export function adoptSignIns(names: string[]): void {
  for (const name of names) accepted.add(name);
}

/** Called when a rotation took too long: from then on, a refusal counts as a wrong password. */
export function forgetSignIn(address: DatabaseAddress): void {
  accepted.delete(nameOf(address));
}
