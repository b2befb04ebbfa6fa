import { type ChildProcess, spawn } from 'node:child_process';
import { SECRET_NAMES } from '#secrets/declaration.ts';

/** A command of the project that a test runs. */
export type Command = {
  /** Everything that it has printed so far, on both outputs. */
  output: () => string;
  /** Resolves with the first match in the output; rejects if the command exits or times out without one. */
  printed: (pattern: RegExp, milliseconds?: number) => Promise<RegExpExecArray>;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
  /** Sends a signal and waits for the exit. */
  stop: (signal?: NodeJS.Signals) => Promise<number | string>;
};

/** Variables of this machine that would change what a test is about. */
const DECIDING = [
  ...SECRET_NAMES.flatMap((name) => [name, `${name}_FILE`]),
  'SITE_URL',
  'PORT',
  'HOSTNAME',
  'NODE_ENV',
  'CI',
  'VITEST',
  'NODE_OPTIONS',
];

/** Starts a file of the project with this Node.js, in a folder, with only the given variables. */
export function runNode(folder: string, args: string[], variables: Record<string, string> = {}): Command {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !DECIDING.includes(name)),
  );
  return watch(
    spawn(process.execPath, args, { cwd: folder, env: { ...inherited, ...variables } as NodeJS.ProcessEnv }),
  );
}

function watch(child: ChildProcess): Command {
  let text = '';
  const onText = new Set<() => void>();
  const take = (chunk: Buffer) => {
    text += chunk.toString();
    for (const listener of onText) listener();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return {
    output: () => text,
    printed: (pattern, milliseconds = 120_000) =>
      new Promise((resolve, reject) => {
        const fail = (how: string) => reject(new Error(`It ${how} before it printed ${pattern}:\n${text}`));
        const timer = setTimeout(() => fail('took too long'), milliseconds);
        const look = () => {
          const match = pattern.exec(text);
          if (!match) return;
          clearTimeout(timer);
          onText.delete(look);
          resolve(match);
        };
        onText.add(look);
        void ended.then(() => fail('ended'), reject);
        look();
      }),
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
