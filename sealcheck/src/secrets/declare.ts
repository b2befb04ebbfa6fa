import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseEnv } from 'node:util';
import { CouldNotCheck } from '../verdict.ts';

/** A secret as declared on the command line. `value` has lost one trailing line break, as a shell would strip it. */
export interface DeclaredSecret {
  id: string;
  value: Buffer;
  /** Where the value was read, for messages: never the value. */
  origin: string;
}

/** What a check knows of its surroundings: the variables that `env=` may name. */
export type Variables = Readonly<Record<string, string | undefined>>;

const maximumBytes = 500 * 1024;

function withoutFinalLineBreak(value: Buffer): Buffer {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 10 || value[end - 1] === 13)) end -= 1;
  return value.subarray(0, end);
}

function fromFile(id: string, path: string): DeclaredSecret {
  let value: Buffer;
  try {
    value = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CouldNotCheck(
      `secret "${id}": ${path} could not be read (${code}); give an existing file as src=`,
    );
  }
  if (value.length > maximumBytes) {
    throw new CouldNotCheck(
      `secret "${id}": ${path} is larger than the 500 KiB that BuildKit accepts; is it the right file?`,
    );
  }
  return { id, value: withoutFinalLineBreak(value), origin: path };
}

function fromVariable(id: string, name: string, variables: Variables): DeclaredSecret {
  const value = variables[name];
  if (value === undefined || value === '') {
    throw new CouldNotCheck(`secret "${id}": the variable ${name} is not set; set it or give src=<file>`);
  }
  return { id, value: withoutFinalLineBreak(Buffer.from(value)), origin: `$${name}` };
}

/**
 * Reads one `--secret` option in Docker's syntax (`id=name,src=path`, `id=name,env=NAME`, `type=` accepted).
 * With neither `src` nor `env` the id is a variable if one is set, else a file, as `docker build` has it.
 *
 * @throws CouldNotCheck when the option is malformed or its value is missing or empty.
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#secret
 */
export function readSecretOption(option: string, variables: Variables): DeclaredSecret {
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
  const unknown = [...fields.keys()].find((key) => !['id', 'src', 'source', 'env', 'type'].includes(key));
  if (unknown !== undefined) {
    throw new CouldNotCheck(
      '--secret has a field other than id, src, source, env and type; check its spelling',
    );
  }
  const id = fields.get('id');
  if (!id || !/^[\w.-]{1,128}$/.test(id)) {
    throw new CouldNotCheck('--secret needs id=<name> of letters, digits, "_", "." or "-"');
  }
  const file = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env');
  const ofTypeEnv = fields.get('type') === 'env';
  let secret: DeclaredSecret;
  if (variable !== undefined) secret = fromVariable(id, variable, variables);
  else if (file !== undefined) secret = ofTypeEnv ? fromVariable(id, file, variables) : fromFile(id, file);
  else secret = variables[id] ? fromVariable(id, id, variables) : fromFile(id, id);
  if (secret.value.length === 0) {
    throw new CouldNotCheck(`secret "${id}": ${secret.origin} is empty; nothing could be searched for`);
  }
  return secret;
}

/**
 * Reads each line's value of an env file as a secret whose id is the variable's name. Names that a framework
 * publishes by their prefix (`NEXT_PUBLIC_`, `VITE_`, …) and those in `exempt` are returned apart.
 *
 * @throws CouldNotCheck when the file cannot be read.
 */
export function readEnvFile(
  path: string,
  exempt: ReadonlySet<string>,
): { secrets: DeclaredSecret[]; published: string[] } {
  const { value } = fromFile(basename(path).replace(/[^\w.-]/g, '_'), path);
  const secrets: DeclaredSecret[] = [];
  const published: string[] = [];
  for (const [name, text] of Object.entries(parseEnv(value.toString()))) {
    if (exempt.has(name)) continue;
    if (/^(NEXT_PUBLIC|VITE|REACT_APP|PUBLIC|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC)_/.test(name))
      published.push(name);
    else if (text) secrets.push({ id: name, value: Buffer.from(text), origin: path });
  }
  return { secrets, published };
}
