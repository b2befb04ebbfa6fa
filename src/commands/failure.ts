import { mask } from '#secrets/index.ts';

/**
 * Returns an error handler for a command: it prints each line of the message to stderr, masked and without a stack
 * trace, and sets exit code 1.
 *
 * @param command the name that starts each line
 */
export function failWith(command: string): (error: unknown) => void {
  return (error) => {
    const message = mask(error instanceof Error ? error.message : String(error));
    for (const line of message.split('\n')) console.error(`${command}: ${line}`);
    process.exitCode = 1;
  };
}
