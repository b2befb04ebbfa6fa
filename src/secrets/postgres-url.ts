const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/** The parts of a PostgreSQL URL, so that no later step needs the URL itself. */
export type DatabaseAddress = {
  /** A host name, an IP address, or the directory of a Unix socket, which begins with a slash. */
  host: string;
  /** The TCP port, which is also part of a socket's name; 5432 by default. */
  port: number;
  database: string;
  user: string;
  password: string;
  /** The URL's `schema` parameter, which Prisma defines; `public` by default. */
  schema: string;
  /** The URL's `sslmode` parameter, as libpq defines it; `disable` by default. */
  sslmode: SslMode;
  /** The URL's `sslrootcert` parameter: a file of certificate authorities to trust. */
  sslrootcert: string | undefined;
};

/** Why a URL can't be used: a phrase that completes "DATABASE_URL (source) …". */
type Problem = { problem: string };

const FORM = 'Its form is postgresql://user:password@host:5432/database.';

/** Matches a URL whose host is empty, which is allowed if the parameter `host` is set. */
const EMPTY_HOST = /^(\w+:\/\/(?:[^/?#]*@)?)(?=[:/?])/;

const SEVERAL_HOSTS =
  'names several hosts. Name one; to follow a fail-over, name a proxy or a DNS name that points to the primary.';

/** The percent-encoding of characters that must not appear in a password as they are. */
const ENCODED: Record<string, string> = { '/': '%2F', '#': '%23', '?': '%3F', '@': '%40' };

/**
 * Parses a `postgresql://` URL, or says in one sentence what is wrong with it, without quoting it.
 * See https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS.
 */
export function parsePostgresUrl(text: string): DatabaseAddress | Problem {
  const problem = wrongForm(text) ?? wrongUserinfo(text);
  if (problem) return { problem };

  const url = URL.parse(/[?&]host=[^&]/.test(text) ? text.replace(EMPTY_HOST, '$1localhost') : text);
  if (!url) return { problem: `can't be parsed: its host is invalid. ${FORM}` };
  // The parameter wins, as in libpq. The directory of a socket may also be the host itself, percent-encoded.
  const host = url.searchParams.get('host') || decoded(url.hostname.replace(/^\[|\]$/g, ''));
  const port = Number(url.searchParams.get('port') || url.port || 5432);
  const [database, user, password] = [url.pathname.slice(1), url.username, url.password].map(decoded);
  if (user === undefined || password === undefined || database === undefined)
    return { problem: 'has a % that encodes nothing. A literal % in a password is written %25.' };
  if (!host) return { problem: `names no host. ${FORM}` };
  if (host.includes(',')) return { problem: SEVERAL_HOSTS };
  if (host.includes('/') && !host.startsWith('/'))
    return { problem: `has a / in its host. The folder of a Unix socket begins with one. ${FORM}` };
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return { problem: 'has a port that is not a number up to 65535.' };
  if (!user) return { problem: `names no user. ${FORM}` };
  if (!database) return { problem: `names no database. ${FORM}` };
  if (database.includes('/')) return { problem: `names more than a database after the host. ${FORM}` };
  const sslmode = SSL_MODES.find((mode) => mode === (url.searchParams.get('sslmode') ?? 'disable'));
  if (!sslmode) return { problem: `has an unknown sslmode. Use one of ${SSL_MODES.join(', ')}.` };
  return {
    host,
    port,
    database,
    user,
    password,
    schema: url.searchParams.get('schema') || 'public',
    sslmode,
    sslrootcert: url.searchParams.get('sslrootcert') ?? undefined,
  };
}

function wrongForm(text: string): string | undefined {
  if (/[\r\n]/.test(text)) return 'is more than one line. Keep only the URL.';
  if (/^(export\s+)?\w+\s*=/.test(text))
    return 'begins with a name and a "=". Keep only what comes after the "=".';
  if (/^psql\s/.test(text)) return 'is a psql command. Keep only the URL, without psql and the quotes.';
  if (/\$\{|\$\(|<[^>]*>|\[[^\]:]*[a-z-]{4}[^\]:]*\]/i.test(text))
    return 'still holds a placeholder. Put the real value in its place.';
  if (/^postgres(ql)?:\/\//i.test(text)) return spaceOrQuote(text);
  if (/^postgres(ql)?:/i.test(text)) return `lacks the two slashes after the colon. ${FORM}`;
  if (/^\w[\w+.-]*:(\w+:)*\/\//.test(text)) return `is a URL of another kind, not of PostgreSQL. ${FORM}`;
  return `is not a PostgreSQL URL. ${FORM}`;
}

function spaceOrQuote(text: string): string | undefined {
  if (/["'`]/.test(text)) return 'holds a quote. In a password " is written %22, and \' is written %27.';
  if (/\s$/.test(text)) return 'ends with a space. Remove it.';
  if (/\s/.test(text)) return 'holds a space. In a password it is written %20.';
  return undefined;
}

/** The problem if an unencoded character breaks the part between the scheme and the path. */
function wrongUserinfo(text: string): string | undefined {
  const rest = text.replace(/^\w+:\/\//, '');
  const [authority = ''] = rest.split(/[/?#]/, 1);
  const next = rest[authority.length] ?? '';
  const at = authority.lastIndexOf('@');
  const unencoded = (character: string) =>
    `has a ${character} in its password that is not percent-encoded. Write it as ${ENCODED[character]}.`;
  if (authority.indexOf('@') !== at) return unencoded('@');
  const [beforeQuery = ''] = rest.slice(authority.length).split('?', 1);
  if (at === -1 && next && rest.slice(authority.length).includes('@')) return unencoded(next);
  if (at !== -1 && beforeQuery.includes('@')) return unencoded('@');
  if (authority.slice(at + 1).includes(',')) return SEVERAL_HOSTS;
  const port = /:([^:\]]*)$/.exec(authority.slice(at + 1))?.[1];
  if (port === undefined || /^\d*$/.test(port)) {
    return Number(port ?? 1) > 65_535 ? 'has a port above 65535.' : undefined;
  }
  return 'has a port that is not a number.';
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
