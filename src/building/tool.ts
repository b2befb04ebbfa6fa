import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import { PROJECT } from './project.ts';
import { run } from './run.ts';

const { resolve } = createRequire(import.meta.url);

/** The scripts of the tools that a build runs directly, without a shell or npm. */
const SCRIPTS = {
  prisma: () => resolve('prisma/build/index.js'),
  next: () => resolve('next/dist/bin/next'),
};

/** How a tool is run. */
export type ToolOptions = {
  /** Whether to show its output while it runs, or only if it fails. */
  output?: 'shown' | 'on failure';
  /** Stops the tool early. */
  signal?: AbortSignal;
  /** Environment variables in addition to this process's own. */
  variables?: Record<string, string>;
};

/**
 * Runs a tool with this process's Node.js, in the project's folder.
 *
 * @returns its output, without colours
 * @throws Error that names the tool and its exit code, after its output
 */
export async function runTool(
  tool: keyof typeof SCRIPTS,
  args: string[],
  { output = 'shown', signal, variables }: ToolOptions = {},
): Promise<string> {
  const shown = output === 'shown';
  const { status, output: printed } = await run(process.execPath, [SCRIPTS[tool](), ...args], {
    cwd: PROJECT,
    env: {
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      CHECKPOINT_DISABLE: '1',
      ...(shown && process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
      ...variables,
    },
    stdin: 'ignore',
    signal,
    onOutput: shown ? (text, stream) => process[stream].write(text) : undefined,
  });
  if (status === 0) return stripVTControlCharacters(printed);
  signal?.throwIfAborted();
  if (!shown) process.stderr.write(`${printed}\n`);
  throw new Error(`${tool} ${args[0]} failed (${status}); its output is above.`);
}
