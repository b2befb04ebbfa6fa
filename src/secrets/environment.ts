/** Environment variables by name. */
export type Variables = Record<string, string | undefined>;

/**
 * The process's environment variables: the one place that reads `process.env`.
 * A module that needs a setting asks here; one that needs a secret asks `readSecret`.
 */
export const environment: NodeJS.ProcessEnv = process.env;
