import type { ChildProcess } from 'node:child_process';
import spawn, { type Options, SubprocessError } from 'nano-spawn';

/** How a command ended: its exit code or the signal that killed it, and its output unless that was inherited. */
export type Ended = { status: number | string; output: string };

type RunOptions = Options & {
  /** Called with each chunk of output. */
  onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
};

/**
 * Runs a command and waits until it has ended, even if `signal` ends it early.
 *
 * @param options variables in `env` are added to this process's own
 * @throws Error if the command can't be started; the abort reason if `signal` is already aborted
 */
export async function run(
  command: string,
  args: string[],
  { signal, onOutput, ...options }: RunOptions = {},
): Promise<Ended> {
  signal?.throwIfAborted();
  const subprocess = spawn(command, args, options);
  // The option `signal` is not used, because its promise would reject before the process has ended.
  const whenStarted = (use: (child: ChildProcess) => void) =>
    void subprocess.nodeChildProcess.then(use, () => undefined);
  const stop = () => whenStarted((child) => child.kill());
  signal?.addEventListener('abort', stop);
  if (onOutput) whenStarted((child) => forward(child, onOutput));
  try {
    return { status: 0, output: (await subprocess).output };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    const status = error.signalName ?? error.exitCode;
    if (status !== undefined) return { status, output: error.output };
    const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    throw missing ? new Error(`${command} is not installed, or is not on the PATH.`) : error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function forward(child: ChildProcess, onOutput: NonNullable<RunOptions['onOutput']>): void {
  child.stdout?.on('data', (text: string) => onOutput(text, 'stdout'));
  child.stderr?.on('data', (text: string) => onOutput(text, 'stderr'));
}
