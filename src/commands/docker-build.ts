import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  findBuildSecret,
  HOST_FROM_CONTAINER,
  optionalBuildSecrets,
  readCacheKey,
} from '#building/build-secret.ts';
import { takeEnvFile } from '#building/dot-env.ts';
import { PROJECT } from '#building/project.ts';
import { environment } from '#environment/variables.ts';
import { step } from '#local/progress.ts';
import type { DatabaseAddress } from '#secrets/database-url.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: npm run docker:build -- [options] [-- arguments for docker build]

Builds the image with what a person forgets: the build argument CONTENT_REVISION, so that another database or
changed posts make new pages, and unchanged ones come from the cache; labels; and the network option if the
database is on this machine.

Options:
  -t, --tag <name>      the image's name (next-app)
      --secret <path>   the file that holds the database's URL. Without it DATABASE_URL_FILE or DATABASE_URL
                        is taken if one is set, and env/database_url.txt otherwise. Optional build secrets,
                        such as EMAIL_API_KEY, are passed on if they are set in the same ways
  -h, --help            this text

Exit codes: 0 built, 1 failed, 2 not understood.
`;

/** Variables that a build takes as its arguments. */
const SETTINGS = ['GENERATED_POSTS', 'EMAIL_API_URL', 'EMAIL_TEMPLATE'];

async function main(): Promise<void> {
  const options = {
    tag: { type: 'string', short: 't', default: 'next-app' },
    secret: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.info(HELP);
  takeEnvFile();
  const { option, address } = findBuildSecret(values.secret);
  const optional = optionalBuildSecrets();
  const revision = await step('reading which database and posts the pages come from', () =>
    readCacheKey(values.secret),
  );
  await docker([
    'build',
    ...[option, ...optional.map((secret) => secret.option)].flatMap((secret) => ['--secret', secret]),
    ...['--build-arg', `CONTENT_REVISION=${revision}`],
    ...SETTINGS.flatMap((name) => (environment[name] ? ['--build-arg', `${name}=${environment[name]}`] : [])),
    ...labels(revision).flatMap((label) => ['--label', label]),
    ...network(address),
    ...['--tag', values.tag],
    ...positionals,
    PROJECT,
  ]);
}

/** A build step has a network of its own, where this machine's loopback is not. */
function network({ host }: DatabaseAddress): string[] {
  if (host === HOST_FROM_CONTAINER) return ['--add-host', `${HOST_FROM_CONTAINER}:host-gateway`];
  return host === 'localhost' || host === '::1' || host.startsWith('127.') ? ['--network=host'] : [];
}

/** Labels by https://github.com/opencontainers/image-spec/blob/main/annotations.md, and what the pages come from. */
function labels(revision: string): string[] {
  const { version, description } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const commit = git(['rev-parse', 'HEAD']);
  return [
    'org.opencontainers.image.title=Sealed',
    `org.opencontainers.image.description=${description}`,
    `org.opencontainers.image.version=${version}`,
    ...(commit ? [`org.opencontainers.image.revision=${commit}`] : []),
    `sealed.content-revision=${revision}`,
  ];
}

function git(args: string[]): string | undefined {
  try {
    return execFileSync('git', args, {
      cwd: PROJECT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

async function docker(args: string[]): Promise<void> {
  const child = spawn('docker', args, { stdio: 'inherit', env: { ...environment, DOCKER_BUILDKIT: '1' } });
  const code = await new Promise<number | null>((settle, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('Docker is not installed, or not on the PATH.') : error),
    );
    child.once('close', settle);
  });
  if (code !== 0) throw new Error('docker build failed; its output is above.');
}

await main().catch(failWith('docker:build'));
