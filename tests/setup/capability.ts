/**
 * Says in one line that a machine lacks what a suite needs, and skips the suite. With `CI=true` it is a failure.
 *
 * @param suite the Vitest project
 * @param lack what is missing, and how to get it
 */
export function skipSuite(suite: string, lack: string): void {
  if (process.env.CI === 'true') throw new Error(`${suite}: ${lack} With CI=true nothing may be skipped.`);
  console.warn(`${suite}: skipped. ${lack}`);
}
