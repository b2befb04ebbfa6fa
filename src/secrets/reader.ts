import { readFileSync } from 'node:fs';
import { environment, type Variables } from './environment.ts';

/** Where BuildKit, Compose, Swarm and Kubernetes put a secret: one file each, named in lower case. */
export const SECRETS_DIRECTORY = '/run/secrets';

/** A secret's value, with a sentence part that says where it was found ("the file … (DATABASE_URL_FILE)"). */
export type FoundSecret = { value: string; source: string };

/** A secret is missing or can't be read. The message names the secret and the source, never the value. */
export class SecretError extends Error {
  override name = 'SecretError';
}

/**
 * Reads one secret, in this order: the file that `<NAME>_FILE` names, `/run/secrets/<name>`, the variable `<NAME>`.
 * The first that is there decides; an empty one there is an error, except that an empty variable is a missing one,
 * as BuildKit and Compose set it so when there is nothing to set.
 *
 * @param name the secret's name, in upper case, such as `DATABASE_URL`
 * @returns the value, free of a line end, a byte order mark and wrapping quotes, or `undefined` where no source has it
 * @throws SecretError when a source is there but unreadable or empty
 */
export function readSecret(name: string, from: Variables = environment): FoundSecret | undefined {
  const named = from[`${name}_FILE`];
  if (named) return fromFile(name, unquoted(named), `the file that ${name}_FILE names`);

  const mounted = fromFileIfThere(name, `${SECRETS_DIRECTORY}/${name.toLowerCase()}`);
  if (mounted) return mounted;

  const value = unquoted(from[name] ?? '');
  return value === '' ? undefined : { value, source: `the variable ${name}` };
}

/** As `docker run --env-file` hands a line over: quotes and a carriage return are still part of it. */
export function unquoted(raw: string): string {
  const line = raw.replace(/^\uFEFF/, '').trim();
  const quote = line[0];
  const wrapped = line.length >= 2 && (quote === '"' || quote === "'") && line.endsWith(quote);
  return wrapped ? line.slice(1, -1) : line;
}

function fromFile(name: string, path: string, source: string): FoundSecret {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SecretError(
      `${name}: ${source} can't be read (${reason(error)}). Check its path and permissions.`,
    );
  }
  const value = unquoted(content);
  if (value === '') throw new SecretError(`${name}: ${source} is empty. Write the secret into it.`);
  return { value, source };
}

function fromFileIfThere(name: string, path: string): FoundSecret | undefined {
  try {
    return fromFile(name, path, `the file ${path}`);
  } catch (error) {
    if (error instanceof SecretError && error.message.includes('no such file')) return undefined;
    throw error;
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Record<string, string> = {
    ENOENT: 'no such file',
    ENOTDIR: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
  };
  return reasons[code] ?? (code || 'unknown error');
}
