import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { SETTING_NAMES, settingDeclaration, settingFaults } from '#environment/settings.ts';
import { readDatabaseAddress, readSecret, SecretError } from '#secrets/index.ts';
import { checkHealth } from '#serving/health-check.ts';
import { onStopSignal } from '#serving/signals.ts';
import { failWith } from './failure.ts';

// Set before any slow import. A server that is still starting can exit with 0; an interrupted job has failed.
onStopSignal((signal) =>
  process.exit((process.argv[2] ?? 'serve') === 'serve' ? 0 : 128 + constants.signals[signal]),
);

const HELP = `Usage: sealed [command]

Commands:
  serve     serve the blog (the default)
  migrate   apply the migrations that the database lacks
  seed      write the example posts that the database lacks
  import    write a folder of Markdown files into the database: sealed import <folder>
  export    write the posts of the database into a folder: sealed export <folder>
  health    check that the server in this container answers

Options of import:
  --dry-run   print what would change, and change nothing
  --prune     unpublish the posts whose file is gone
  --strict    treat warnings as errors

Settings:
  DATABASE_URL        postgresql://user:password@host:5432/database
  DATABASE_URL_FILE   a file that holds it; /run/secrets/database_url is used if this is not set
${settingsHelp()}

Exit codes: 0 done, 1 failed, 2 invalid usage, 130 or 143 if a signal stopped a command other than serve.
`;

const here = dirname(fileURLToPath(import.meta.url));

/** Whether this file is bundled into a standalone build; otherwise it runs from the project's source. */
const bundled = existsSync(join(here, 'prisma'));

const folder = bundled ? here : join(here, '../..');

/** Each command imports what it needs when it runs: a health check every 15 seconds must not load a server. */
const commands: Record<string, (folder: string, options: Options) => Promise<void>> = {
  async serve() {
    requireStartable();
    await openSecrets();
    const { serve } = await import('#serving/serve.ts');
    await serve(folder, fileURLToPath(import.meta.url));
  },
  async migrate() {
    await openSecrets();
    const { migrate } = await import('#database/migrate.ts');
    const applied = await migrate(readDatabaseAddress(), join(folder, 'prisma/migrations'));
    for (const name of applied) console.info(`migrate: applied ${name}`);
    if (applied.length === 0) console.info('migrate: the database is up to date');
  },
  async seed() {
    await openSecrets();
    const { seedPosts } = await import('#post-files/import.ts');
    const { written, files } = await seedPosts(readDatabaseAddress(), join(folder, 'prisma/seed'));
    console.info(`seed: wrote ${written} of ${files} posts; the others existed already`);
  },
  async import(from, options) {
    await openSecrets();
    const { importFolder } = await import('./import.ts');
    await importFolder(readDatabaseAddress(), from, options);
  },
  async export(to) {
    await openSecrets();
    const { exportFolder } = await import('./export.ts');
    await exportFolder(readDatabaseAddress(), to);
  },
  async health() {
    console.info(`health: ${await checkHealth()} answers`);
  },
};

async function openSecrets(): Promise<void> {
  const { openStore } = await import('#secrets/stores/open.ts');
  await openStore();
}

/** Reports all faults at once, including an invalid AUTH_SECRET, which would otherwise only fail the first sign-in. */
function requireStartable(): void {
  const faults = settingFaults('server', 'store');
  try {
    readSecret('AUTH_SECRET');
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    faults.push(error.message);
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

function settingsHelp(): string {
  const rows = SETTING_NAMES.map((name) => ({ name, ...settingDeclaration(name) }));
  return rows
    .filter(({ name, readBy }) => readBy === 'server' || name === 'SECRETS_STORE')
    .map(({ name, purpose, default: value }) => {
      const suffix = value === undefined ? '' : ` (${value})`;
      return `  ${name.padEnd(20)}${purpose.replaceAll('`', '')}${suffix}`;
    })
    .join('\n');
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  'dry-run': { type: 'boolean' },
  prune: { type: 'boolean' },
  strict: { type: 'boolean' },
} as const;

type Options = { 'dry-run'?: boolean; prune?: boolean; strict?: boolean };

/** The options of each command that has any. */
const ACCEPTED: Record<string, string[]> = { import: ['dry-run', 'prune', 'strict'] };

/** The commands that need a folder. */
const WITH_FOLDER = ['import', 'export'];

/** Runs the chosen command, or renders pages in a thread of `serve`. Returns the exit code. */
async function main(): Promise<number> {
  if (!isMainThread) {
    const { renderPages } = await import('#serving/render-thread.ts');
    renderPages(folder);
    return 0;
  }
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true, strict: false });
  const [name = 'serve', ...others] = positionals;
  if (values.help || name === 'help') {
    console.info(HELP);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || (others.length > 0 && !WITH_FOLDER.includes(name))) {
    return refuse(
      `"${positionals.join(' ')}" is not a command. Use ${Object.keys(commands).join(', ')}, or --help.`,
    );
  }
  const [place, ...more] = others;
  if (WITH_FOLDER.includes(name) && (!place || more.length > 0))
    return refuse(`${name} needs one folder, as in ${name} ./posts.`);
  const stranger = Object.keys(values).find((option) => !(ACCEPTED[name] ?? []).includes(option));
  if (stranger !== undefined) return refuse(`${name} has no option --${stranger}. Use --help.`);
  if (!bundled) (await import('#building/dot-env.ts')).loadDotEnv();
  await command(place ?? '', values as Options);
  return 0;
}

function refuse(message: string): number {
  console.error(`sealed: ${message}`);
  return 2;
}

// No top-level await: the bundle's chunks import from this file, and would wait for it forever.
// Node.js exits with 1 if a command never settles.
process.exitCode = 1;
main().then((code) => {
  process.exitCode = code;
}, failWith('sealed'));
