import { mask } from '#secrets/masking.ts';

/**
 * Ends a command that failed: one line on the standard error that says what and what next, no stack, exit code 1.
 *
 * @param command the name that the line begins with
 */
export function failWith(command: string): (error: unknown) => void {
  return (error) => {
    console.error(mask(`${command}: ${error instanceof Error ? error.message : String(error)}`));
    process.exitCode = 1;
  };
}
