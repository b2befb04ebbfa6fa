/** Environment variables by name. */
export type Variables = Record<string, string | undefined>;

/**
 * The process's environment variables: the one place that reads `process.env`.
 * A module that needs a setting asks here; one that needs a secret asks `readSecret`.
 */
export const environment: NodeJS.ProcessEnv = process.env;

/** A setting as it was meant: `docker run --env-file` hands over quotes and a carriage return as part of the value. */
export function unquoted(raw: string): string {
  const line = raw.replace(/^\uFEFF/, '').trim();
  return withoutQuotes(line);
}

/** @returns the text without one pair of quotes around all of it */
export function withoutQuotes(line: string): string {
  const quote = line[0];
  const wrapped = line.length >= 2 && (quote === '"' || quote === "'") && line.endsWith(quote);
  return wrapped ? line.slice(1, -1) : line;
}
