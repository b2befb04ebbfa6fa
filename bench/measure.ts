import { execFileSync, spawn } from 'node:child_process';

/** One row of a table: what was measured, the value, the target if there is one, and how it was measured. */
export type Row = { figure: string; measured: string; target?: string; how?: string };

/** Runs a command to its end. Returns its stdout; throws if it fails. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 });
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

/** Prints one line of progress. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The duration of `work` in seconds. */
export async function seconds(work: () => unknown): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1_000;
}

/** The median; the upper of the two middle values if their number is even, NaN if there are none. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that a share of all values, from 0 to 1, does not exceed; NaN if there are none. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A number with so many decimals, and separators of thousands. */
export function format(value: number, decimals = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Polls a URL every 5 ms until it answers with a 2xx status; throws after 30 seconds. */
export async function untilAnswered(url: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const answered = await fetch(url).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${url} did not answer within 30 seconds.`);
}

/**
 * Requests paths over some connections, each of which sends its next request after the last response.
 *
 * @throws Error if a status is not the expected one
 */
export async function requestAll(
  site: string,
  paths: Iterable<string>,
  {
    status = 200,
    connections = 16,
    headers = {},
  }: { status?: number; connections?: number; headers?: Record<string, string> } = {},
): Promise<void> {
  const rest = paths[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let next = rest.next(); !next.done; next = rest.next()) {
        const response = await fetch(site + next.value, { headers });
        await response.arrayBuffer();
        if (response.status !== status) throw new Error(`${next.value} answered ${response.status}.`);
      }
    }),
  );
}

/** `prefix-1`, `prefix-2` and so on, as paths of posts. */
export function* postPaths(prefix: string, count: number): Generator<string> {
  for (let number = 1; number <= count; number++) yield `/posts/${prefix}-${number}`;
}

/** What {@link load} takes. */
export type Load = { coding?: string; seconds?: number; connections?: number; script?: string };

/** Requests a second that `wrk` gets from a URL, on the second core. */
export function load(
  url: string,
  { coding = 'gzip', seconds = 4, connections = 16, script }: Load = {},
): number {
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', `accept-encoding: ${coding}`];
  const printed = run('taskset', '-c', '1', 'wrk', ...options, ...(script ? ['-s', script] : []), url);
  if (!script && /Non-2xx/.test(printed)) throw new Error(`${url} did not answer with 200.`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1]);
}
