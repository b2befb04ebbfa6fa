import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { environment, type Variables } from '#environment/variables.ts';
import { fetchTemplate } from '#newsletter/provider.ts';
import { type DatabaseAddress, declarationOf, readDatabaseAddress, SECRET_NAMES } from '#secrets/index.ts';
import { cacheKey, readPageSource } from './page-source.ts';
import { PROJECT } from './project.ts';

/** Docker's name for the host of a container; it may not resolve on the host itself. */
export const HOST_FROM_CONTAINER = 'host.docker.internal';

const SECRET_FILE = 'env/database_url.txt';

/** The database's URL as an option for `docker build --secret`, and as a parsed address. */
export type BuildSecret = { option: string; address: DatabaseAddress };

/**
 * Computes the value of the build argument CONTENT_REVISION, using the build secrets.
 *
 * @param file as for {@link findBuildSecret}
 * @throws DatabaseUnavailable if the database can't be used
 * @throws Error if a secret is missing or invalid, or the mail provider fails; the message says what to do
 */
export async function readCacheKey(file: string | undefined): Promise<string> {
  const { address } = findBuildSecret(file);
  const variables = Object.assign({}, ...optionalBuildSecrets().map((secret) => secret.variables));
  const template = await fetchTemplate({ variables, directory: undefined, store: undefined });
  return cacheKey(await readPageSource(seenFromHere(address), template));
}

function seenFromHere(address: DatabaseAddress): DatabaseAddress {
  return address.host === HOST_FROM_CONTAINER ? { ...address, host: '127.0.0.1' } : address;
}

/**
 * Finds the build secret DATABASE_URL in the first of: the given file, the file in `DATABASE_URL_FILE`, the variable
 * `DATABASE_URL`, `env/database_url.txt`.
 *
 * @throws SecretError if it is invalid
 * @throws Error if it is missing; the message says what to do
 */
export function findBuildSecret(file: string | undefined): BuildSecret {
  const fromFile = (path: string) => ({
    option: `id=database_url,src=${path}`,
    address: readDatabaseAddress({ DATABASE_URL_FILE: path }),
  });
  if (file) return fromFile(resolve(file));
  if (environment.DATABASE_URL_FILE) return fromFile(resolve(environment.DATABASE_URL_FILE));
  if (environment.DATABASE_URL) {
    return { option: 'id=database_url,env=DATABASE_URL', address: readDatabaseAddress() };
  }
  if (existsSync(join(PROJECT, SECRET_FILE))) return fromFile(join(PROJECT, SECRET_FILE));
  throw new Error(
    `There is no database URL. Copy ${SECRET_FILE}.example to ${SECRET_FILE} and write yours into it, or pass --secret <path>. ` +
      'To build without a database: docker build --target deferred -t next-app .',
  );
}

/**
 * Finds the optional build secrets that are set: in `<NAME>_FILE`, in `<NAME>`, or in `env/<name>.txt`.
 * An empty file counts as missing, so that it is not mounted.
 */
export function optionalBuildSecrets(): { option: string; variables: Variables }[] {
  return SECRET_NAMES.filter((name) => declarationOf(name).phases.build === 'optional').flatMap((name) => {
    const id = name.toLowerCase();
    const file = resolve(environment[`${name}_FILE`] || join(PROJECT, `env/${id}.txt`));
    if (environment[name] && !environment[`${name}_FILE`])
      return [{ option: `id=${id},env=${name}`, variables: { [name]: environment[name] } }];
    if (!statSync(file, { throwIfNoEntry: false })?.size) return [];
    return [{ option: `id=${id},src=${file}`, variables: { [`${name}_FILE`]: file } }];
  });
}
