import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { environment, unquoted } from '#environment/variables.ts';
import type { SecretName } from './declaration.ts';
import { perProcess } from './per-process.ts';
import { type ReadSecret, readSecret } from './reader.ts';
import { SecretError } from './secret-error.ts';
import { SECRETS_DIRECTORY } from './sources.ts';
import '#secrets/server-guard';

/** Milliseconds between two looks at the files: where a change is not announced, as on a network's file system. */
const INTERVAL = 10_000;

/** Milliseconds between the announcement of a change and the look at it: whoever writes a file may not have finished. */
const SETTLING = 100;

/** What a process keeps of a secret that it uses. */
export type KeptSecret = {
  read: ReadSecret<SecretName> | undefined;
  /** Why the last look gave nothing of use; the value from before stays. */
  problem?: SecretError;
  /** The value before this one, and when it was replaced, in milliseconds since 1970. */
  previous?: { value: unknown; replacedAt: number };
};

/**
 * Gives a declared secret as it is now. In a process that watches its secrets this costs no input or output and the
 * last good value stays in use; elsewhere it is {@link readSecret}.
 *
 * @throws SecretError where the phase forbids it, or there never was a value of use
 */
export function currentSecret<Name extends SecretName>(name: Name): ReadSecret<Name> | undefined {
  const kept = perProcess.sealedKeptSecrets;
  if (!kept) return readSecret(name);
  const known = kept.get(name) ?? keep(name);
  // Made anew, as whoever looked last may be another bundle of this process, whose class is not ours.
  if (!known.read && known.problem) throw new SecretError(known.problem.message);
  return known.read as ReadSecret<Name> | undefined;
}

/**
 * The value of an optional secret as it is now, for a feature that is off without it. One that is there and of no use
 * counts as missing, and the log says why, once.
 */
export function usableSecret<Name extends SecretName>(name: Name): ReadSecret<Name>['value'] | undefined {
  try {
    return currentSecret(name)?.value;
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    perProcess.sealedReportedSecrets ??= new Set();
    const reported = perProcess.sealedReportedSecrets;
    if (!reported.has(error.message)) console.error(`secrets: ${error.message}`);
    reported.add(error.message);
    return undefined;
  }
}

/**
 * The value that a secret had before its last change.
 *
 * @param within milliseconds since that change, after which it is forgotten
 */
export function previousSecret<Name extends SecretName>(
  name: Name,
  within: number,
): ReadSecret<Name>['value'] | undefined {
  const previous = perProcess.sealedKeptSecrets?.get(name)?.previous;
  if (!previous || Date.now() - previous.replacedAt > within) return undefined;
  return previous.value as ReadSecret<Name>['value'];
}

/** Why a secret's last look gave nothing of use, while its value from before stays in use. */
export function secretProblem(name: SecretName): string | undefined {
  return perProcess.sealedKeptSecrets?.get(name)?.problem?.message;
}

/**
 * Looks at the sources of every secret in use, the store included, without waiting for the next interval.
 * Calls that overlap share one look. Never fails: what is of no use changes nothing.
 */
export function refreshSecrets(): Promise<void> {
  perProcess.sealedRefresh ??= lookAnew().finally(() => {
    perProcess.sealedRefresh = undefined;
  });
  return perProcess.sealedRefresh;
}

/**
 * Has {@link currentSecret} keep what it gives, and follow the files that change, at once where the system announces
 * it and within ten seconds elsewhere; the store tells of its own changes.
 *
 * @param log gets a line for each change, and one for each new problem
 * @returns a function that ends the watch
 */
export function watchSecrets(log: (line: string) => void): () => void {
  perProcess.sealedKeptSecrets = new Map();
  perProcess.sealedSecretsLog = log;
  const timer = setInterval(look, INTERVAL);
  timer.unref();
  let settling: NodeJS.Timeout | undefined;
  const announced = () => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLING);
    settling.unref();
  };
  const watchers = watchedFolders().map((folder) => watchFolder(folder, announced));
  const stopListening = perProcess.sealedStore?.onChange?.(look);
  return () => {
    clearInterval(timer);
    clearTimeout(settling);
    for (const watcher of watchers) watcher?.close();
    stopListening?.();
    perProcess.sealedKeptSecrets = undefined;
  };
}

async function lookAnew(): Promise<void> {
  await perProcess.sealedStore?.refresh?.();
  look();
}

function look(): void {
  for (const name of perProcess.sealedKeptSecrets?.keys() ?? []) keep(name);
}

/** Reads a secret into what is kept of it. What was of use stays where the new value is missing or of none. */
function keep(name: SecretName): KeptSecret {
  const kept = perProcess.sealedKeptSecrets;
  const before = kept?.get(name);
  const after = readInto(name, before);
  kept?.set(name, after);
  if (after.problem && after.problem.message !== before?.problem?.message && after.read) {
    perProcess.sealedSecretsLog?.(`secrets: ${after.problem.message} The value from before stays in use.`);
  }
  if (before && after.previous !== before.previous) {
    perProcess.sealedSecretsLog?.(`secrets: ${name} has changed (${after.read?.source}), and is in use.`);
  }
  return after;
}

function readInto(name: SecretName, before: KeptSecret | undefined): KeptSecret {
  try {
    const read = readSecret(name);
    if (!before?.read) return { read };
    if (!read) {
      return { ...before, problem: new SecretError(`${name} is no longer in ${before.read.source}.`) };
    }
    // The same object stays, so that whoever compares need not look inside.
    if (isDeepStrictEqual(read.value, before.read.value))
      return { read: before.read, previous: before.previous };
    return { read, previous: { value: before.read.value, replacedAt: Date.now() } };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { read: before?.read, previous: before?.previous, problem: error };
  }
}

/** The folder, not the file: Kubernetes and Vault Agent put another file in its place. */
function watchedFolders(): string[] {
  const named = Object.entries(environment)
    .filter(([name, value]) => name.endsWith('_FILE') && value)
    .map(([, path = '']) => dirname(unquoted(path)));
  return [...new Set([SECRETS_DIRECTORY, ...named])];
}

function watchFolder(folder: string, announced: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, announced);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // Where there is nothing to watch, the interval is enough.
    return undefined;
  }
}
