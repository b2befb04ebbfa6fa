import { execFileSync, spawn } from 'node:child_process';
import { Agent, get } from 'node:http';

/** Runs a command to its end. Returns its stdout; throws if it fails. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 });
}

/** The duration of `work` in seconds. */
export async function seconds(work: () => unknown): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1_000;
}

/**
 * Measures responses per second of one URL, over connections that each send the next request after the last response.
 *
 * @throws Error if a response is not a 200
 */
export async function requestsPerSecond(
  url: string,
  { forSeconds = 8, connections = 16 } = {},
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + forSeconds * 1_000;
  let answered = 0;
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}.`));
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        await ask();
        answered += 1;
      }
    }),
  );
  agent.destroy();
  return answered / forSeconds;
}

/** The median; the upper of the two middle values if their number is even, NaN if there are none. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Polls a URL every 5 ms until it answers with a 2xx status; throws after 30 seconds. */
export async function untilAnswered(url: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${url} did not answer within 30 seconds.`);
}

/** Runs a command with its output hidden. If it fails, throws an error that contains the output. */
export async function runQuietly(
  command: string,
  args: string[],
  variables: Record<string, string> = {},
): Promise<void> {
  const child = spawn(command, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}
