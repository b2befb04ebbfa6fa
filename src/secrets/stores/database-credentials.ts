/** Why JSON can't become a URL: a phrase that completes "The JSON of … ". */
type Problem = { problem: string };

/** Database credentials as AWS stores them. */
type Credentials = { username: string; password: string };

/** Whether JSON is what AWS stores for a database, and not, for example, a map of all secrets by name. */
export function isCredentials(
  fields: Record<string, unknown>,
): fields is Credentials & Record<string, unknown> {
  return typeof fields.username === 'string' && typeof fields.password === 'string';
}

/**
 * Converts the JSON that AWS rotates for a database into a URL; see
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html.
 * Like AWS's own rotation, it uses TLS unless `ssl` is false. `sslmode` and `sslrootcert`, which AWS leaves unchanged,
 * take precedence.
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
      problem: 'has no host, because RDS leaves it out of the secrets that it creates. Add host and dbname.',
    };
  const search = new URLSearchParams({ sslmode: String(sslmode ?? (isFalse(ssl) ? 'disable' : 'require')) });
  if (sslrootcert !== undefined) search.set('sslrootcert', String(sslrootcert));
  const at = `${host}:${port}/${encoded(String(dbname))}`;
  return { url: `postgresql://${credentials(username, password)}@${at}?${search}` };
}

/** User and password, encoded for a URL. */
export function credentials(user: string, password: string): string {
  return [user, password].map(encoded).join(':');
}

/** An apostrophe is encoded too, since the reader would treat it as an unbalanced quote. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

function isFalse(value: unknown): boolean {
  return String(value).toLowerCase() === 'false';
}
