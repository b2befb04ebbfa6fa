/** Why JSON makes no URL: a sentence part that completes "The JSON of … ". */
type Problem = { problem: string };

/** Credentials of a database as AWS keeps them. */
type Credentials = { username: string; password: string };

/** Whether JSON is what AWS keeps of a database, and not something else, such as all secrets by their names. */
export function isCredentials(
  fields: Record<string, unknown>,
): fields is Credentials & Record<string, unknown> {
  return typeof fields.username === 'string' && typeof fields.password === 'string';
}

/**
 * Makes a URL of the JSON that AWS rotates for a database; see
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html.
 * As AWS's own rotation does, it connects by TLS unless `ssl` is false; `sslmode` and `sslrootcert`, which AWS leaves
 * as they are, say more.
 */
export function databaseUrlOf(fields: Credentials & Record<string, unknown>): { url: string } | Problem {
  const {
    username,
    password,
    host,
    port = 5432,
    dbname = 'postgres',
    engine,
    ssl,
    sslmode,
    sslrootcert,
  } = fields;
  if (typeof engine === 'string' && !/postgres/i.test(engine))
    return { problem: `is for the engine ${engine}, not for PostgreSQL.` };
  if (typeof host !== 'string' || host === '')
    return {
      problem:
        'has no host, as RDS leaves it out of the secrets that it makes by itself. Add host and dbname.',
    };
  const search = new URLSearchParams({ sslmode: String(sslmode ?? (isFalse(ssl) ? 'disable' : 'require')) });
  if (sslrootcert !== undefined) search.set('sslrootcert', String(sslrootcert));
  const at = `${host}:${port}/${encoded(String(dbname))}`;
  return { url: `postgresql://${credentials(username, password)}@${at}?${search}` };
}

/** User and password as they stand in a URL. */
export function credentials(user: string, password: string): string {
  return [user, password].map(encoded).join(':');
}

/** The reader takes an apostrophe for a quote that was left over. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

function isFalse(value: unknown): boolean {
  return String(value).toLowerCase() === 'false';
}
