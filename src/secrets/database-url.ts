import type { Variables } from './environment.ts';
import { readSecret, SecretError } from './reader.ts';

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/** What a PostgreSQL URL says, in parts, so that no later step carries the URL around. */
export type DatabaseAddress = {
  host: string;
  /** TCP port; 5432 where the URL names none. */
  port: number;
  database: string;
  user: string;
  password: string;
  /** The URL's `schema` parameter, which Prisma defines; PostgreSQL's `public` where there is none. */
  schema: string;
  /** The URL's `sslmode` parameter, as libpq defines it; `disable` where there is none. */
  sslmode: SslMode;
  /** The URL's `sslrootcert` parameter: a file of certificate authorities to trust. */
  sslrootcert: string | undefined;
};

/** Thrown where a page or a command needs the database and no source has its URL. */
export class MissingDatabaseUrl extends SecretError {
  override name = 'MissingDatabaseUrl';
}

/**
 * Reads `DATABASE_URL` through {@link readSecret} and takes it apart.
 *
 * @throws MissingDatabaseUrl where no source has it
 * @throws SecretError where it is not a PostgreSQL URL with a host and a database; the message never quotes it
 */
export function readDatabaseAddress(from?: Variables): DatabaseAddress {
  const found = readSecret('DATABASE_URL', from);
  if (!found) {
    throw new MissingDatabaseUrl(
      'DATABASE_URL is not set. Set it, name a file with DATABASE_URL_FILE, or mount /run/secrets/database_url.',
    );
  }
  return parseDatabaseUrl(found.value, found.source);
}

/** Takes a `postgresql://` URL apart; see https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS. */
export function parseDatabaseUrl(value: string, source: string): DatabaseAddress {
  const refuse = (what: string) => new SecretError(`DATABASE_URL (${source}) ${what}`);
  const form = 'Its form is postgresql://user:password@host:5432/database.';
  if (!/^postgres(ql)?:\/\//i.test(value)) throw refuse(`is not a PostgreSQL URL. ${form}`);
  if (/[\s"'`]/.test(value)) {
    throw refuse(
      'holds a space or a quote. Percent-encode special characters in the password (a space is %20).',
    );
  }
  const url = URL.parse(value);
  const atSigns = value.replace(/[?].*$/, '').split('@').length - 1;
  if (!url || atSigns > 1 || url.pathname.includes('@')) {
    throw refuse(
      "can't be taken apart. Percent-encode special characters in the password (@ is %40, / is %2F, # is %23).",
    );
  }
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === undefined || password === undefined || database === undefined) {
    throw refuse('has a % that encodes nothing. A literal % in a password is written %25.');
  }
  if (!url.hostname) throw refuse(`names no host. ${form}`);
  if (!database) throw refuse(`names no database. ${form}`);
  if (!user) throw refuse(`names no user. ${form}`);
  const sslmode = SSL_MODES.find((mode) => mode === (url.searchParams.get('sslmode') ?? 'disable'));
  if (!sslmode) throw refuse(`has an unknown sslmode. Use one of ${SSL_MODES.join(', ')}.`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : 5432,
    database,
    user,
    password,
    schema: url.searchParams.get('schema') ?? 'public',
    sslmode,
    sslrootcert: url.searchParams.get('sslrootcert') ?? undefined,
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
