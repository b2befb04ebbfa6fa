import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import { environment } from '#environment/variables.ts';
import { PROJECT } from './project.ts';

const { resolve } = createRequire(import.meta.url);

/** The scripts of the tools that a build runs: no shell and no npm stands between. */
const SCRIPTS = {
  prisma: () => resolve('prisma/build/index.js'),
  next: () => resolve('next/dist/bin/next'),
};

/** How a tool is run. */
export type ToolOptions = {
  /** Whether its output is shown as it comes, or only if it fails. */
  output?: 'shown' | 'on failure';
  /** Ends the tool early. */
  signal?: AbortSignal;
  /** Environment variables in addition to this process's own. */
  variables?: Record<string, string>;
};

/**
 * Runs a tool with this very Node.js, in the project's folder.
 *
 * @returns what it printed, without colours
 * @throws Error that names the tool and its exit code, after its output
 */
export async function runTool(
  tool: keyof typeof SCRIPTS,
  args: string[],
  options: ToolOptions = {},
): Promise<string> {
  const shown = options.output !== 'on failure';
  const child = spawn(process.execPath, [SCRIPTS[tool](), ...args], {
    cwd: PROJECT,
    env: {
      ...environment,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      CHECKPOINT_DISABLE: '1',
      ...(shown && process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
      ...options.variables,
    },
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => {
      output.push(chunk);
      if (shown) process[stream].write(chunk);
    });
  const ended = await new Promise<string>((resolveEnd, reject) => {
    child.once('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)));
    child.once('close', (code, signal) => resolveEnd(signal ?? String(code)));
  });
  if (ended === '0') return stripVTControlCharacters(Buffer.concat(output).toString());
  options.signal?.throwIfAborted();
  if (!shown) process.stderr.write(Buffer.concat(output));
  throw new Error(`${tool} ${args[0]} failed (${ended}); its output is above.`);
}
