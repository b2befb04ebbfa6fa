import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { environment, unquoted } from '#environment/variables.ts';
import { checkHealth } from '#serving/health-check.ts';
import type { Listening } from '#serving/serve.ts';
import { onStopSignal } from '#serving/signals.ts';
import { failWith } from './failure.ts';

// Before anything is loaded that takes time. A server that serves nothing yet has nothing to finish; a job is not done.
onStopSignal((signal) =>
  process.exit((process.argv[2] ?? 'serve') === 'serve' ? 0 : 128 + constants.signals[signal]),
);

const HELP = `Usage: sealed [command]

Commands:
  serve     serve the blog (the default)
  migrate   apply the migrations that the database lacks
  seed      write the example posts that the database lacks
  health    ask the server in this container whether it answers

Settings:
  DATABASE_URL         postgresql://user:password@host:5432/database
  DATABASE_URL_FILE    a file that holds it; /run/secrets/database_url is found by itself
  PORT                 where serve listens (3000)
  HOSTNAME             the address serve listens on (0.0.0.0 in the image)
  SITE_URL             the site's own address, if a proxy stands in front
  SECRETS_STORE        aws-secrets-manager or vault: asked for what is set nowhere else
  DRAIN_SECONDS        how long serve keeps answering after SIGTERM (0)
  LOG_FORMAT           json writes each line of the log as a JSON object

Exit codes: 0 done, 1 failed, 2 not understood, 130 and 143 migrate or seed was stopped by a signal.
`;

const here = dirname(fileURLToPath(import.meta.url));

/** Whether this file is bundled into a standalone build; elsewhere it runs from the project's source. */
const bundled = existsSync(join(here, 'prisma'));

const folder = bundled ? here : join(here, '../..');

/** Each loads what it needs when it is chosen: a health check every 15 seconds must not load a server. */
const commands: Record<string, () => Promise<void>> = {
  async serve() {
    const listening = listeningSettings();
    await openSecrets();
    const { serve } = await import('#serving/serve.ts');
    await serve(folder, listening);
  },
  async migrate() {
    await openSecrets();
    const { migrate } = await import('#database/migrate.ts');
    const { readDatabaseAddress } = await import('#secrets/database-url.ts');
    const applied = await migrate(readDatabaseAddress(), join(folder, 'prisma/migrations'));
    for (const name of applied) console.info(`migrate: applied ${name}`);
    if (applied.length === 0) console.info('migrate: the database is up to date');
  },
  async seed() {
    await openSecrets();
    const { seedPosts } = await import('#posts/seed.ts');
    const { disconnect } = await import('#database/one-per-process.ts');
    const { written, files } = await seedPosts(join(folder, 'prisma/seed'));
    await disconnect();
    console.info(`seed: wrote ${written} of ${files} posts; the others were there`);
  },
  async health() {
    console.info(`health: ${await checkHealth(listeningSettings())} answers`);
  },
};

async function openSecrets(): Promise<void> {
  const { openStore } = await import('#secrets/stores/open.ts');
  await openStore();
}

function listeningSettings(): Listening {
  const port = setting('PORT') ?? '3000';
  if (!/^\d+$/.test(port) || Number(port) > 65_535)
    throw new Error('PORT is not a TCP port. Set it to a number from 0 to 65535.');
  return { hostname: setting('HOSTNAME') ?? '0.0.0.0', port: Number(port) };
}

function setting(name: string): string | undefined {
  return unquoted(environment[name] ?? '') || undefined;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
  });
  const name = positionals[0] ?? 'serve';
  if (values.help || name === 'help') {
    console.info(HELP);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || positionals.length > 1) {
    console.error(
      `sealed: "${positionals.join(' ')}" is not a command. Use ${Object.keys(commands).join(', ')}, or --help.`,
    );
    return 2;
  }
  if (!bundled) (await import('#building/dot-env.ts')).takeEnvFile();
  await command();
  return 0;
}

// Without a top-level await: the bundle's chunks import from this file, and would wait for it forever.
// Node.js ends with this code if a command never settles.
process.exitCode = 1;
main().then((code) => {
  process.exitCode = code;
}, failWith('sealed'));
