import { readFileSync } from 'node:fs';
import { processWide } from '#environment/process-wide.ts';
import { environment, unquoted, type Variables, withoutQuotes } from '#environment/variables.ts';
import { SecretError } from './secret-error.ts';

/** The directory of secrets in BuildKit, Compose, Swarm and Kubernetes: one file each, named in lower case. */
export const SECRETS_DIRECTORY = '/run/secrets';

/** Maximum bytes of a secret's file: the limit of BuildKit and Swarm. */
const LARGEST_FILE = 500 * 1024;

/** A secret's text, and a phrase for where it was found ("the file that DATABASE_URL_FILE names"). */
export type FoundSecret = { value: string; source: string };

/** A remote store of secrets, with the values that were fetched last. */
export type StoredSecrets = {
  /** Its name in messages, such as `AWS Secrets Manager`. */
  name: string;
  /** The text of a secret, without I/O; `undefined` if the store has none of that name. */
  current(name: string): string | undefined;
  /** Fetches the values from the store now. Never fails. */
  refresh?(): Promise<void>;
  /** Calls `listener` after a value has changed. Returns a function that removes it. */
  onChange?(listener: () => void): () => void;
  /** When the values were last fetched, and what has failed since. */
  state?(): StoreState;
};

/** The state of a store, for the operators of the site. Contains no value. */
export type StoreState = { name: string; readAt: Date; problem?: string };

/** Where to search for secrets. */
export type Sources = {
  variables: Variables;
  /** A directory with one file for each secret; `undefined` for none. */
  directory: string | undefined;
  store: StoredSecrets | undefined;
};

const attached = processWide('secrets.store', (): { store?: StoredSecrets } => ({}));

/** Makes {@link findSecret} fall back to this store if no file or variable has a secret; `undefined` detaches it. */
export function attachStore(store: StoredSecrets | undefined): void {
  attached.store = store;
}

/** The state of the process's store; `undefined` if there is none. */
export function storeState(): StoreState | undefined {
  return attached.store?.state?.();
}

/** The sources of this process. */
export function ownSources(): Sources {
  return { variables: environment, directory: SECRETS_DIRECTORY, store: attached.store };
}

/**
 * Searches for a secret, in this order: the file that `<NAME>_FILE` names, `/run/secrets/<name>`, the variable `<NAME>`,
 * the store. The first three must not disagree; the store is used only if none of them has the secret.
 * An empty variable counts as missing: BuildKit and Compose set one if there is no value.
 *
 * @param name the secret's name, in upper case, such as `DATABASE_URL`
 * @returns the text without BOM, trailing newlines and enclosing quotes; `undefined` if no source has it
 * @throws SecretError if a source exists but can't be used
 */
export function findSecret(name: string, from: Partial<Sources> = {}): FoundSecret | undefined {
  const { variables, directory, store } = { ...ownSources(), ...from };
  const [first, ...others] = [
    namedFile(name, variables),
    directory === undefined ? undefined : mountedFile(name, directory),
    variable(name, variables),
  ].filter((found) => found !== undefined);
  for (const other of others) {
    if (other.value !== first?.value)
      throw new SecretError(`${name}: ${first?.source} and ${other.source} disagree. Keep one of them.`);
  }
  return first ?? stored(name, store);
}

function namedFile(name: string, variables: Variables): FoundSecret | undefined {
  const path = unquoted(variables[`${name}_FILE`] ?? '');
  return path === '' ? undefined : fromFile(name, path, `the file that ${name}_FILE names`);
}

function mountedFile(name: string, directory: string): FoundSecret | undefined {
  const path = `${directory}/${name.toLowerCase()}`;
  try {
    return fromFile(name, path, `the file ${path}`);
  } catch (error) {
    if (error instanceof SecretError && isMissing(error.cause)) return undefined;
    throw error;
  }
}

function fromFile(name: string, path: string, source: string): FoundSecret {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new SecretError(`${name}: ${source} can't be read: ${reason(cause)}`, { cause });
  }
  const value = plainText(name, source, decoded(name, source, bytes));
  if (value === '') throw new SecretError(`${name}: ${source} is empty. Write the secret into it.`);
  return { value, source };
}

function variable(name: string, variables: Variables): FoundSecret | undefined {
  const raw = variables[name] ?? '';
  const source = `the variable ${name}`;
  if (unquoted(raw) === '') return undefined;
  if (/^(["']).*\1\s+#|^[^"'].*\s#/.test(raw)) {
    throw new SecretError(
      `${name}: ${source} has a comment after the value, which --env-file makes part of it. ` +
        'Remove the comment; if it belongs to the value, wrap the value in quotes.',
    );
  }
  return { value: plainText(name, source, raw), source };
}

function stored(name: string, store: StoredSecrets | undefined): FoundSecret | undefined {
  const raw = store?.current(name);
  if (store === undefined || raw === undefined) return undefined;
  const value = plainText(name, store.name, raw);
  if (value === '')
    throw new SecretError(`${name}: ${store.name} holds an empty value. Write the secret into it.`);
  return { value, source: store.name };
}

function decoded(name: string, source: string, bytes: Buffer): string {
  const refuse = (what: string) => new SecretError(`${name}: ${source} ${what}`);
  if (bytes.length > LARGEST_FILE) throw refuse('is larger than 500 KiB. Is it the right file?');
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw refuse("is written in UTF-16, as PowerShell's > does. Save it as UTF-8.");
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('is not UTF-8 text. Save it as UTF-8.');
  }
}

/** The intended value, without what editors, shells and `--env-file` add around it. */
function plainText(name: string, source: string, raw: string): string {
  const line = raw.replace(/^\uFEFF/, '').replace(/[\r\n]+$/, '');
  if (line.trim() === '') return '';
  const value = withoutQuotes(line);
  if (value === line && /^\s|\s$/.test(line)) {
    throw new SecretError(
      `${name}: ${source} begins or ends with a space. Remove it; if it belongs to the value, wrap the value in quotes.`,
    );
  }
  // A variable of --env-file is one line, so a PEM comes with its newlines escaped.
  return value.startsWith('-----BEGIN ') ? value.replaceAll('\\r', '').replaceAll('\\n', '\n').trim() : value;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Record<string, string> = {
    ENOENT: 'no such file. Check its path; in a container it is a path of the container.',
    ENOTDIR: 'no such file. A part of its path is not a directory.',
    EACCES: "permission denied. Let the process's user read it.",
    EPERM: "not permitted. Let the process's user read it.",
    EISDIR: 'it is a directory. Docker makes one where the file to mount is missing.',
  };
  return reasons[code] ?? (code || 'unknown error');
}
