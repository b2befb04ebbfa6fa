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

/** Milliseconds between polls of the files, for file systems that report no changes, such as network file systems. */
const INTERVAL = 10_000;

/** Milliseconds to wait after a reported change: the writer may not have finished. */
const SETTLING = 100;

/** What a process that watches its secrets knows about one of them. */
type LiveSecret = {
  read: ReadSecret<SecretName> | undefined;
  /** Why the last read failed; the last valid value stays in use. */
  problem?: SecretError;
  /** The previous value, and when it was replaced, in milliseconds since 1970. */
  previous?: { value: unknown; replacedAt: number };
};

type Watch = {
  /** The secrets in use; `undefined` in a process that does not watch. */
  secrets?: Map<SecretName, LiveSecret>;
  log?: (line: string) => void;
  /** Messages about invalid secrets that were logged already. */
  reported: Set<string>;
  /** The refresh in progress. */
  refresh?: Promise<void>;
};

const watched = processWide('secrets.watch', (): Watch => ({ reported: new Set() }));

/**
 * The current value of a declared secret. In a process that watches its secrets this needs no I/O, and the last valid
 * value stays in use; in any other process it is the same as {@link readSecret}.
 *
 * @throws SecretError if the phase forbids it, or there has never been a valid value
 */
export function liveSecret<Name extends SecretName>(name: Name): ReadSecret<Name> | undefined {
  if (!watched.secrets) return readSecret(name);
  const known = watched.secrets.get(name) ?? reread(name);
  // A new error, because the stored one may come from another bundle, which has its own SecretError class.
  if (!known.read && known.problem) throw new SecretError(known.problem.message);
  return known.read as ReadSecret<Name> | undefined;
}

/**
 * The current value of an optional secret, for a feature that is off without it. An invalid value counts as missing,
 * and the reason is logged once.
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
 * @param within milliseconds after that change; later the result is `undefined`
 */
export function previousSecret<Name extends SecretName>(
  name: Name,
  within: number,
): ReadSecret<Name>['value'] | undefined {
  const previous = watched.secrets?.get(name)?.previous;
  if (!previous || Date.now() - previous.replacedAt > within) return undefined;
  return previous.value as ReadSecret<Name>['value'];
}

/** For each secret in use, the seconds since this process first saw its value. */
export function secretAges(): { name: SecretName; seconds: number }[] {
  return [...(watched.secrets ?? [])].flatMap(([name, { read, previous }]) =>
    read ? [{ name, seconds: (Date.now() - (previous?.replacedAt ?? performance.timeOrigin)) / 1_000 }] : [],
  );
}

/** Why a secret could not be read last time; its last valid value stays in use. */
export function secretProblem(name: SecretName): string | undefined {
  return watched.secrets?.get(name)?.problem?.message;
}

/**
 * Rereads every secret in use from its sources, including the store, without waiting for the next interval.
 * Concurrent calls share one refresh. Never fails: an invalid value changes nothing.
 */
export function refreshSecrets(): Promise<void> {
  watched.refresh ??= refreshAll().finally(() => {
    watched.refresh = undefined;
  });
  return watched.refresh;
}

/**
 * Makes {@link liveSecret} cache values and follow their changes: those of files at once if the file system reports
 * them and within ten seconds otherwise, those of the store when it reports them.
 *
 * @param log takes a line for each change and for each new problem
 * @returns a function that stops watching
 */
export function watchSecrets(log: (line: string) => void): () => void {
  watched.secrets = new Map();
  watched.log = log;
  const timer = setInterval(rereadAll, INTERVAL);
  timer.unref();
  let settling: NodeJS.Timeout | undefined;
  const onFileChange = () => {
    clearTimeout(settling);
    settling = setTimeout(rereadAll, SETTLING);
    settling.unref();
  };
  const watchers = watchedFolders().map((folder) => watchFolder(folder, onFileChange));
  const stopListening = ownSources().store?.onChange?.(rereadAll);
  return () => {
    clearInterval(timer);
    clearTimeout(settling);
    for (const watcher of watchers) watcher?.close();
    stopListening?.();
    watched.secrets = undefined;
  };
}

async function refreshAll(): Promise<void> {
  await ownSources().store?.refresh?.();
  rereadAll();
}

function rereadAll(): void {
  for (const name of watched.secrets?.keys() ?? []) reread(name);
}

/** Reads a secret again. If the new value is missing or invalid, the last valid one stays in use. */
function reread(name: SecretName): LiveSecret {
  const before = watched.secrets?.get(name);
  const after = readInto(name, before);
  watched.secrets?.set(name, after);
  if (after.problem && after.problem.message !== before?.problem?.message && after.read) {
    watched.log?.(`secrets: ${after.problem.message} The previous value stays in use.`);
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
    // Keep the same object, so that callers can compare values by identity.
    if (isDeepStrictEqual(read.value, before.read.value))
      return { read: before.read, previous: before.previous };
    return { read, previous: { value: before.read.value, replacedAt: Date.now() } };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { read: before?.read, previous: before?.previous, problem: error };
  }
}

/** Folders, not files: Kubernetes and Vault Agent replace the file instead of writing to it. */
function watchedFolders(): string[] {
  const named = Object.entries(environment)
    .filter(([name, value]) => name.endsWith('_FILE') && value)
    .map(([, path = '']) => dirname(unquoted(path)));
  return [...new Set([SECRETS_DIRECTORY, ...named])];
}

function watchFolder(folder: string, onFileChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onFileChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // If the folder can't be watched, polling is enough.
    return undefined;
  }
}
