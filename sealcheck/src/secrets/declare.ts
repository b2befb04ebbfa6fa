import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { CouldNotCheck } from '../verdict.ts';
import { readAssignments } from './formats.ts';
import { textOf } from './text.ts';

/** A secret as declared on the command line. `value` has lost one trailing newline, as a shell would strip it. */
export type DeclaredSecret = {
  id: string;
  value: Buffer;
  /** Where the value was read, for messages; never the value itself. */
  origin: string;
  /** Whether it comes from a file that also holds values that are not secret, so that its name and form decide. */
  isConfiguration?: boolean;
  /** Whether it was found in a build context, without being named. */
  isFound?: boolean;
  /** The same line as other programs read it, with its comment or its quotes. */
  otherReadings?: readonly string[];
};

/** The environment of a check: the variables that `env=` may name. */
export type Variables = Readonly<Record<string, string | undefined>>;

const maximumBytes = 500 * 1024;

function withoutFinalLineBreak(value: Buffer): Buffer {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 10 || value[end - 1] === 13)) end -= 1;
  return value.subarray(0, end);
}

// `src=$DATABASE_URL` is an easy mistake: a possible value is not repeated in a message.
const isShowable = (path: string): boolean =>
  /^[\w./\\ ~-]{1,200}$|^[A-Za-z]:[\w./\\ ~-]{1,200}$/.test(path) &&
  path.split(/[/\\]/).every((part) => !/^(?=.*\d)(?=.*[A-Za-z])[\w-]{12,}$/.test(part));

/** A path for a message, unless it may be a secret's value. */
export const shownPath = (path: string): string => (isShowable(path) ? path : '(a path that is not shown)');

/** Reads a file that holds one or more secrets. `id` is for messages. */
export function readSecretFile(id: string, path: string): Buffer {
  let value: Buffer;
  try {
    value = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const hint = isShowable(path)
      ? 'give an existing file as src='
      : 'src= takes a path, and env= the name of a variable; neither takes the value';
    throw new CouldNotCheck(`secret "${id}": ${shownPath(path)} could not be read (${code}); ${hint}`);
  }
  if (value.length > maximumBytes) {
    throw new CouldNotCheck(
      `secret "${id}": ${shownPath(path)} is larger than the 500 KiB that BuildKit accepts; is it the right file?`,
    );
  }
  return value;
}

const fromFile = (id: string, path: string): DeclaredSecret => ({
  id,
  value: withoutFinalLineBreak(readSecretFile(id, path)),
  origin: shownPath(path),
});

function fromVariable(id: string, name: string, variables: Variables): DeclaredSecret {
  if (!/^[A-Za-z_]\w{0,99}$/.test(name))
    throw new CouldNotCheck(
      `secret "${id}": env= takes the name of a variable, without "$" and without its value`,
    );
  const value = variables[name];
  if (value === undefined || value === '') {
    const shown = isShowable(name) ? `the variable ${name}` : 'the variable that env= names';
    throw new CouldNotCheck(`secret "${id}": ${shown} is not set; set it or give src=<file>`);
  }
  return { id, value: withoutFinalLineBreak(Buffer.from(value)), origin: `$${name}` };
}

function fieldsOf(option: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of option.split(',')) {
    const at = field.indexOf('=');
    if (at < 1) {
      throw new CouldNotCheck(
        '--secret takes id=<name>,src=<file> or id=<name>,env=<NAME>; one of its fields has no "="',
      );
    }
    fields.set(field.slice(0, at).trim().toLowerCase(), field.slice(at + 1).trim());
  }
  if ([...fields.keys()].some((key) => !['id', 'src', 'source', 'env', 'type'].includes(key))) {
    throw new CouldNotCheck(
      '--secret has a field other than id, src, source, env and type; check its spelling, and give no value',
    );
  }
  return fields;
}

/**
 * Reads one `--secret` option in Docker's syntax (`id=name,src=path`, `id=name,env=NAME`, `type=` accepted). With
 * neither `src` nor `env` the id is a variable if one is set, else a file, as in `docker build`.
 *
 * @throws CouldNotCheck if the option is malformed or its value is missing or empty. No message contains a possible
 * value.
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#secret
 */
export function readSecretOption(option: string, variables: Variables): DeclaredSecret {
  const fields = fieldsOf(option);
  const id = fields.get('id');
  if (!id || !/^[\w.-]{1,128}$/.test(id)) {
    throw new CouldNotCheck('--secret needs id=<name> of letters, digits, "_", "." or "-"');
  }
  const file = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env');
  // `id=$TOKEN` is the same mistake: an unknown id is not repeated.
  const label = file === undefined && variable === undefined && !isShowable(id) ? '…' : id;
  let secret: DeclaredSecret;
  if (variable !== undefined) secret = fromVariable(id, variable, variables);
  else if (file !== undefined)
    secret = fields.get('type') === 'env' ? fromVariable(id, file, variables) : fromFile(id, file);
  else secret = variables[id] ? fromVariable(id, id, variables) : { ...fromFile(label, id), id };
  if (secret.value.length === 0) {
    throw new CouldNotCheck(`secret "${id}": ${secret.origin} is empty; nothing could be searched for`);
  }
  return secret;
}

/**
 * Reads the value of each line in an env file as a secret whose id is the variable's name.
 *
 * @throws CouldNotCheck if the file cannot be read.
 */
export function readEnvFile(path: string): DeclaredSecret[] {
  const value = readSecretFile(isShowable(path) ? basename(path).replace(/[^\w.-]/g, '_') : 'env file', path);
  return secretsOfLines(textOf(value) ?? value.toString('latin1'), path);
}

/** The variables of a text in env file format, each with every reading of its line. */
export function secretsOfLines(text: string, origin: string): DeclaredSecret[] {
  const readings = new Map<string, string[]>();
  for (const { path, value } of readAssignments(text) ?? [])
    if (value) readings.set(path, [...new Set([...(readings.get(path) ?? []), value])]);
  return [...readings].map(([id, [first = '', ...otherReadings]]) => ({
    id,
    value: Buffer.from(first),
    origin,
    isConfiguration: true,
    otherReadings,
  }));
}
