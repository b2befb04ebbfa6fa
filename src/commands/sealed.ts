import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { migrate } from '#database/migrate.ts';
import { disconnect } from '#database/one-per-process.ts';
import { readDatabaseAddress } from '#secrets/database-url.ts';
import { environment } from '#secrets/environment.ts';
import { unquoted } from '#secrets/reader.ts';
import { openStore } from '#secrets/stores/open.ts';
import { serve } from '#serving/serve.ts';
import { failWith } from './failure.ts';

const HELP = `Usage: sealed [command]

Commands:
  serve     serve the blog (the default)
  migrate   apply the migrations that the database lacks
  seed      write the example posts that the database lacks

Settings:
  DATABASE_URL         postgresql://user:password@host:5432/database
  DATABASE_URL_FILE    a file that holds it; /run/secrets/database_url is found by itself
  PORT                 where serve listens (3000)
  HOSTNAME             the address serve listens on (0.0.0.0 in the image)
  SITE_URL             the site's own address, where a proxy stands in front
  SECRETS_STORE        aws-secrets-manager or vault: asked for what is set nowhere else
  LOG_FORMAT           json writes each line of the log as a JSON object

Exit codes: 0 done, 1 failed, 2 not understood.
`;

const here = dirname(fileURLToPath(import.meta.url));

/** Whether this file is bundled into a standalone build; elsewhere it runs from the project's source. */
const bundled = existsSync(join(here, 'prisma'));

const folder = bundled ? here : join(here, '../..');

const commands: Record<string, () => Promise<void>> = {
  async serve() {
    await serve(folder, { hostname: setting('HOSTNAME') ?? '0.0.0.0', port: portSetting() });
  },
  async migrate() {
    const applied = await migrate(readDatabaseAddress(), join(folder, 'prisma/migrations'));
    for (const name of applied) console.info(`migrate: applied ${name}`);
    if (applied.length === 0) console.info('migrate: the database is up to date');
  },
  async seed() {
    // Loaded here alone: serving has no use for a second copy of the Prisma client.
    const { seedPosts } = await import('#posts/seed.ts');
    const { written, files } = await seedPosts(join(folder, 'prisma/seed'));
    await disconnect();
    console.info(`seed: wrote ${written} of ${files} posts; the others were there`);
  },
};

function setting(name: string): string | undefined {
  return unquoted(environment[name] ?? '') || undefined;
}

function portSetting(): number {
  const text = setting('PORT') ?? '3000';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new Error('PORT is not a TCP port. Set it to a number from 0 to 65535.');
  return port;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
  });
  const name = positionals[0] ?? 'serve';
  if (values.help || name === 'help') return console.info(HELP);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || positionals.length > 1) {
    console.error(
      `sealed: "${positionals.join(' ')}" is no command. Use ${Object.keys(commands).join(', ')}, or --help.`,
    );
    process.exitCode = 2;
    return;
  }
  if (!bundled) (await import('./env-file.ts')).takeEnvFile();
  await openStore();
  await command();
}

await main().catch(failWith('sealed'));
