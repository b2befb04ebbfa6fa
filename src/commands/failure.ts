import { mask } from '#secrets/index.ts';

/**
 * Ends a command that failed: on the standard error what is wrong and what to do, one line for each fault, no stack;
 * exit code 1.
 *
 * @param command the name that each line begins with
 */
export function failWith(command: string): (error: unknown) => void {
  return (error) => {
    const message = mask(error instanceof Error ? error.message : String(error));
    for (const line of message.split('\n')) console.error(`${command}: ${line}`);
    process.exitCode = 1;
  };
}
