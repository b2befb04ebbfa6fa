/**
 * Says that a machine lacks what a suite needs: one line, and the suite is skipped. With `CI=true` that is a failure.
 *
 * @param suite the Vitest project
 * @param lack what is missing, and how to get it
 */
export function skipSuite(suite: string, lack: string): void {
  if (process.env.CI === 'true') throw new Error(`${suite}: ${lack} With CI=true nothing may be skipped.`);
  console.warn(`${suite}: skipped. ${lack}`);
}
