import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  findBuildSecret,
  HOST_FROM_CONTAINER,
  optionalBuildSecrets,
  readCacheKey,
} from '#building/build-secret.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { PROJECT } from '#building/project.ts';
import { run } from '#building/run.ts';
import { requireSettings, SETTING_NAMES, settingDeclaration } from '#environment/settings.ts';
import { environment } from '#environment/variables.ts';
import { step } from '#local/progress.ts';
import type { DatabaseAddress } from '#secrets/index.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: npm run docker:build -- [options] [-- arguments for docker build]

Builds the image and adds what is easily forgotten: the build argument CONTENT_REVISION, so that pages are
prerendered again if the database or its posts changed, and come from the cache if not; labels; and the network
option if the database is on this machine.

Options:
  -t, --tag <name>      the image's name (next-app)
      --secret <path>   the file that holds the database's URL. Without it DATABASE_URL_FILE or DATABASE_URL
                        is used if one is set, and env/database_url.txt otherwise. Optional build secrets,
                        such as EMAIL_API_KEY, are passed on if they are set in the same ways
  -h, --help            this text

Exit codes: 0 built, 1 failed.
`;

/** The settings that are build arguments. */
const BUILD_SETTINGS = SETTING_NAMES.filter((name) => settingDeclaration(name).readBy === 'build');

async function main(): Promise<void> {
  const options = {
    tag: { type: 'string', short: 't', default: 'next-app' },
    secret: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.info(HELP);
  loadDotEnv();
  requireSettings('build');
  const { option, address } = findBuildSecret(values.secret);
  const optional = optionalBuildSecrets();
  const revision = await step('reading the identity of the database and its posts', () =>
    readCacheKey(values.secret),
  );
  await docker([
    'build',
    ...[option, ...optional.map((secret) => secret.option)].flatMap((secret) => ['--secret', secret]),
    ...['--build-arg', `CONTENT_REVISION=${revision}`],
    ...BUILD_SETTINGS.flatMap((name) =>
      environment[name] ? ['--build-arg', `${name}=${environment[name]}`] : [],
    ),
    ...(await labels(revision)).flatMap((label) => ['--label', label]),
    ...network(address),
    ...['--tag', values.tag],
    ...positionals,
    PROJECT,
  ]);
}

/** A build step has its own network namespace, so it can't reach this machine's loopback interface by default. */
function network({ host }: DatabaseAddress): string[] {
  if (host === HOST_FROM_CONTAINER) return ['--add-host', `${HOST_FROM_CONTAINER}:host-gateway`];
  return host === 'localhost' || host === '::1' || host.startsWith('127.') ? ['--network=host'] : [];
}

/** Labels of https://github.com/opencontainers/image-spec/blob/main/annotations.md, and the revision of the content. */
async function labels(revision: string): Promise<string[]> {
  const { version, description } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const commit = await git(['rev-parse', 'HEAD']);
  return [
    'org.opencontainers.image.title=Sealed',
    `org.opencontainers.image.description=${description}`,
    `org.opencontainers.image.version=${version}`,
    ...(commit ? [`org.opencontainers.image.revision=${commit}`] : []),
    `sealed.content-revision=${revision}`,
  ];
}

/** The output of git; `undefined` if git is not installed, or this is not a repository. */
async function git(args: string[]): Promise<string | undefined> {
  const { status, output } = await run('git', args, { cwd: PROJECT }).catch(() => ({
    status: 1,
    output: '',
  }));
  return status === 0 ? output : undefined;
}

async function docker(args: string[]): Promise<void> {
  const { status } = await run('docker', args, { stdio: 'inherit', env: { DOCKER_BUILDKIT: '1' } });
  if (status !== 0) throw new Error('docker build failed; its output is above.');
}

await main().catch(failWith('docker:build'));
