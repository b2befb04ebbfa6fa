import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { parse } from 'yaml';
import { z } from 'zod';
import { docker, eventually } from './engine.ts';

const EXAMPLE = resolve('examples/minimal');

/** Tells this run's builds from earlier ones: for the same source, BuildKit would use the pages that those left in its cache. */
const RUN = `// ${randomBytes(6).toString('hex')}\n`;

/** What an install or a build leaves in a developer's copy. */
const LEFT_BEHIND = ['node_modules', '.next', 'generated', '.env', 'database_url.txt'];

/** The example's database in a container, with a canary as its password. */
export type Posts = {
  canary: string;
  /** The URL for a build step or a container, and the one for this machine. */
  url: string;
  hostUrl: string;
  query: (sql: string) => Promise<unknown>;
  stop: () => void;
};

/** How a program exited, and everything it printed. */
export type Ran = { code: number; output: string };

/** Starts PostgreSQL with the example's own SQL, as its README does. */
export async function startPosts(): Promise<Posts> {
  const canary = randomBytes(18).toString('base64url');
  const sql = `${join(EXAMPLE, 'prisma/posts.sql')}:/docker-entrypoint-initdb.d/posts.sql:ro`;
  const options = ['--publish', '127.0.0.1::5432', '--env', `POSTGRES_PASSWORD=${canary}`, '--volume', sql];
  const id = docker('run', '--detach', ...options, 'postgres:18').trim();
  const address = docker('inspect', '--format', '{{.NetworkSettings.Networks.bridge.IPAddress}}', id).trim();
  const urlAt = (host: string) => `postgresql://postgres:${canary}@${host}/postgres`;
  const hostUrl = urlAt(docker('port', id, '5432').trim().split('\n')[0] ?? '');
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: hostUrl });
    await client.connect();
    return client.query(text).finally(() => client.end());
  };
  const stop = () => docker('rm', '--force', '--volumes', id);
  try {
    await eventually(() => query('SELECT FROM "Post"').then(() => true));
  } catch (error) {
    stop();
    throw error;
  }
  return { canary, url: urlAt(`${address}:5432`), hostUrl, query, stop };
}

/** Copies the example into a temporary folder, so that a test can break it. */
export function copyExample(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-example-'));
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !LEFT_BEHIND.includes(basename(path)) });
  appendFileSync(join(folder, 'db.ts'), RUN);
  return folder;
}

/**
 * Changes one file of a copy.
 *
 * @throws Error if the file does not hold the text to replace
 */
export function edit(folder: string, file: string, from: string, to: string): void {
  const path = join(folder, file);
  const content = readFileSync(path, 'utf8');
  if (!content.includes(from)) throw new Error(`${file} of the example no longer holds ${from}.`);
  writeFileSync(path, content.replace(from, to));
}

/** The commands in the first shell block of a Markdown page that contains a text. */
export function commandsOf(page: string, text: string): string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? '',
  );
  const block = blocks.find((candidate) => candidate.includes(text));
  if (block === undefined) throw new Error(`${page} has no shell block with ${text}.`);
  return block.trim().split('\n');
}

const workflowSchema = z.object({
  jobs: z.object({
    image: z.object({
      steps: z.array(
        z.object({ name: z.string().optional(), uses: z.string().optional(), run: z.string().optional() }),
      ),
    }),
  }),
});

/** The steps of the example's GitHub Actions workflow. */
export const workflowSteps = workflowSchema.parse(
  parse(readFileSync(join(EXAMPLE, '.github/workflows/image.yml'), 'utf8')),
).jobs.image.steps;

/** Runs a shell command in a copy, with an image name of its own and this repository's sealcheck as `npx sealcheck`. */
export async function shell(
  command: string,
  { folder, image, variables = {} }: { folder: string; image: string; variables?: Record<string, string> },
): Promise<Ran> {
  const programs = mkdtempSync(join(tmpdir(), 'sealed-programs-'));
  const npx = `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${resolve('sealcheck/src/cli.ts')}' "$@"\n`;
  writeFileSync(join(programs, 'npx'), npx);
  chmodSync(join(programs, 'npx'), 0o755);
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, ...variables };
  try {
    return await ran('bash', ['-e', '-c', command.replaceAll(/\bnext-app\b/g, image)], { cwd: folder, env });
  } finally {
    rmSync(programs, { recursive: true });
  }
}

/** Runs the step of the workflow whose name starts with this text. */
export function step(name: string, options: Parameters<typeof shell>[1]): Promise<Ran> {
  const found = workflowSteps.find((candidate) => candidate.name?.startsWith(name));
  if (!found?.run) throw new Error(`The workflow has no step ${name}.`);
  return shell(found.run, options);
}

/** Runs sealcheck from source. */
export function sealcheck(args: string[], variables: Record<string, string> = {}): Promise<Ran> {
  return ran(process.execPath, ['sealcheck/src/cli.ts', ...args], { env: { ...process.env, ...variables } });
}

/** Builds a copy with a canary as its secret, through a proxy that records whether the build logged in with it. */
export function buildWithCanary(
  posts: Posts,
  folder: string,
  options: string[],
  build: string[],
): Promise<Ran> {
  // A build step reaches this machine at the bridge's gateway; Docker Desktop has a name for it.
  const isLinux = process.platform === 'linux';
  const gateway = docker(
    'network',
    'inspect',
    '--format',
    '{{(index .IPAM.Config 0).Gateway}}',
    'bridge',
  ).trim();
  return sealcheck(
    [
      'canary',
      ...['--listen', isLinux ? gateway : '127.0.0.1'],
      ...['--reachable-as', isLinux ? gateway : 'host.docker.internal'],
      ...['--secret', 'id=database_url,env=DATABASE_URL', ...options, '--'],
      ...['docker', 'build', '--secret', 'id=database_url,env=CANARY_DATABASE_URL', ...build, folder],
    ],
    { DATABASE_URL: posts.hostUrl },
  );
}

async function ran(
  program: string,
  args: string[],
  options: { cwd?: string; env: NodeJS.ProcessEnv },
): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { maxBuffer: 1e8, ...options });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

/** Removes images that a suite built. */
export function removeImages(images: string[]): void {
  if (images.length > 0) execFileSync('docker', ['image', 'rm', '--force', ...images], { stdio: 'ignore' });
}
