/**
 * Makes a URL of the JSON that AWS rotates for a database; see
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html.
 *
 * @returns `undefined` where user, password or host is missing
 */
export function databaseUrlOf(fields: Record<string, unknown>): string | undefined {
  const { username, password, host, port = 5432, dbname = 'postgres' } = fields;
  if (typeof username !== 'string' || typeof password !== 'string' || typeof host !== 'string')
    return undefined;
  return `postgresql://${credentials(username, password)}@${host}:${port}/${encodeURIComponent(String(dbname))}`;
}

/** User and password as they stand in a URL. */
export function credentials(user: string, password: string): string {
  return [user, password].map(encodeURIComponent).join(':');
}
