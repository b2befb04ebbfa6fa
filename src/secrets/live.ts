import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { processWide } from '#environment/process-wide.ts';
import { environment, unquoted } from '#environment/variables.ts';
import type { SecretName } from './declaration.ts';
import { type ReadSecret, readSecret } from './reader.ts';
import { SecretError } from './secret-error.ts';
import { ownSources, SECRETS_DIRECTORY } from './sources.ts';
import '#secrets/server-guard';

/** Milliseconds between two looks at the files: where a change is not announced, as on a network's file system. */
const INTERVAL = 10_000;

/** Milliseconds between the announcement of a change and the look at it: whoever writes a file may not have finished. */
const SETTLING = 100;

/** What a process that watches its secrets knows of one that it uses. */
type LiveSecret = {
  read: ReadSecret<SecretName> | undefined;
  /** Why the last look gave nothing of use; the value from before stays. */
  problem?: SecretError;
  /** The value before this one, and when it was replaced, in milliseconds since 1970. */
  previous?: { value: unknown; replacedAt: number };
};

type Watch = {
  /** The secrets in use; `undefined` in a process that does not watch. */
  secrets?: Map<SecretName, LiveSecret>;
  log?: (line: string) => void;
  /** Each sentence about an invalid secret that the log has already. */
  reported: Set<string>;
  /** The refresh that is under way. */
  refresh?: Promise<void>;
};

const watched = processWide('secrets.watch', (): Watch => ({ reported: new Set() }));

/**
 * Gives a declared secret as it is now. In a process that watches its secrets this costs no input or output and the
 * last good value stays in use; elsewhere it is {@link readSecret}.
 *
 * @throws SecretError where the phase forbids it, or there never was a value of use
 */
export function liveSecret<Name extends SecretName>(name: Name): ReadSecret<Name> | undefined {
  if (!watched.secrets) return readSecret(name);
  const known = watched.secrets.get(name) ?? reread(name);
  // Made anew, as whoever looked last may be another bundle of this process, whose class is not ours.
  if (!known.read && known.problem) throw new SecretError(known.problem.message);
  return known.read as ReadSecret<Name> | undefined;
}

/**
 * The value of an optional secret as it is now, for a feature that is off without it. One that is there and of no use
 * counts as missing, and the log says why, once.
 */
export function optionalSecret<Name extends SecretName>(name: Name): ReadSecret<Name>['value'] | undefined {
  try {
    return liveSecret(name)?.value;
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    if (!watched.reported.has(error.message)) console.error(`secrets: ${error.message}`);
    watched.reported.add(error.message);
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
  const previous = watched.secrets?.get(name)?.previous;
  if (!previous || Date.now() - previous.replacedAt > within) return undefined;
  return previous.value as ReadSecret<Name>['value'];
}

/** Why a secret's last look gave nothing of use, while its value from before stays in use. */
export function secretProblem(name: SecretName): string | undefined {
  return watched.secrets?.get(name)?.problem?.message;
}

/**
 * Looks at the sources of every secret in use, the store included, without waiting for the next interval.
 * Calls that overlap share one look. Never fails: what is of no use changes nothing.
 */
export function refreshSecrets(): Promise<void> {
  watched.refresh ??= lookAnew().finally(() => {
    watched.refresh = undefined;
  });
  return watched.refresh;
}

/**
 * Has {@link liveSecret} keep what it gives, and follow the files that change, at once where the system announces
 * it and within ten seconds elsewhere; the store tells of its own changes.
 *
 * @param log gets a line for each change, and one for each new problem
 * @returns a function that ends the watch
 */
export function watchSecrets(log: (line: string) => void): () => void {
  watched.secrets = new Map();
  watched.log = log;
  const timer = setInterval(look, INTERVAL);
  timer.unref();
  let settling: NodeJS.Timeout | undefined;
  const announced = () => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLING);
    settling.unref();
  };
  const watchers = watchedFolders().map((folder) => watchFolder(folder, announced));
  const stopListening = ownSources().store?.onChange?.(look);
  return () => {
    clearInterval(timer);
    clearTimeout(settling);
    for (const watcher of watchers) watcher?.close();
    stopListening?.();
    watched.secrets = undefined;
  };
}

async function lookAnew(): Promise<void> {
  await ownSources().store?.refresh?.();
  look();
}

function look(): void {
  for (const name of watched.secrets?.keys() ?? []) reread(name);
}

/** Reads a secret again. If the new value is missing or invalid, the last valid one stays in use. */
function reread(name: SecretName): LiveSecret {
  const before = watched.secrets?.get(name);
  const after = readInto(name, before);
  watched.secrets?.set(name, after);
  if (after.problem && after.problem.message !== before?.problem?.message && after.read) {
    watched.log?.(`secrets: ${after.problem.message} The value from before stays in use.`);
  }
  if (before && after.previous !== before.previous) {
    watched.log?.(`secrets: ${name} has changed (${after.read?.source}), and is in use.`);
  }
  return after;
}

function readInto(name: SecretName, before: LiveSecret | undefined): LiveSecret {
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
