/** Exit codes of every command: 0 clean, 1 leak, 2 could not check. */
export const ExitCode = { clean: 0, leak: 1, couldNotCheck: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Thrown if a check cannot be made or finished. The message says what, where and what to do, on one line. */
export class CouldNotCheck extends Error {
  override name = 'CouldNotCheck';
}

/** The one-line message of anything thrown, without a stack. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}
