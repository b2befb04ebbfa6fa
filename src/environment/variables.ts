/** Environment variables by name. */
export type Variables = Record<string, string | undefined>;

/**
 * The process's environment variables. This is the only place that reads `process.env`; settings are read through
 * `setting`, and secrets through `readSecret`.
 */
export const environment: NodeJS.ProcessEnv = process.env;

/** The intended value of a setting: `docker run --env-file` passes on quotes and carriage returns as part of it. */
export function unquoted(raw: string): string {
  const line = raw.replace(/^\uFEFF/, '').trim();
  return withoutQuotes(line);
}

/** Removes one pair of quotes around the whole text. */
export function withoutQuotes(line: string): string {
  const quote = line[0];
  const wrapped = line.length >= 2 && (quote === '"' || quote === "'") && line.endsWith(quote);
  return wrapped ? line.slice(1, -1) : line;
}
