import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import getPort, { portNumbers } from 'get-port';
import { compile, generate, generatePrismaClient, isBuilt } from '#building/build.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { PROJECT, STANDALONE } from '#building/project.ts';
import { run } from '#building/run.ts';
import { migrate } from '#database/migrate.ts';
import { hasPosts } from '#database/preflight.ts';
import { requireSettings, setting } from '#environment/settings.ts';
import { environment } from '#environment/variables.ts';
import { seedPosts } from '#post-files/import.ts';
import { watchFolder } from '#post-files/watch.ts';
import { readDatabaseAddress, readSecret } from '#secrets/index.ts';
import { openStore, storedVariables } from '#secrets/stores/open.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { step } from './progress.ts';

/** What runs on this machine: the generated build, or Next.js's development server. */
type Mode = 'start' | 'dev';

const PURPOSE: Record<Mode, string> = {
  start: 'Serves the blog on this machine, and builds it first if there is no build.',
  dev: 'Serves the blog for development: pages change as their source does.',
};

const WATCHING = `
With --watch, it imports a folder of Markdown files at the start and whenever one of them changes.`;

/**
 * Runs `npm start` or `npm run dev`, with an embedded PostgreSQL under `.data/` if DATABASE_URL is not set.
 * Ends on Ctrl-C, or when the server ends, and stops everything that it started.
 */
export async function serveLocally(mode: Mode): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      ...(mode === 'dev' ? ({ watch: { type: 'string' } } as const) : {}),
    },
  });
  if (values.help) {
    console.info(`Usage: npm ${mode === 'dev' ? 'run dev [-- --watch <folder>]' : 'start'}

${PURPOSE[mode]}${mode === 'dev' ? WATCHING : ''}

Without DATABASE_URL it starts a PostgreSQL of its own, with its data in .data/; delete that folder to start over.
PORT sets the port; if it is not set, the first free one from 3000 is used.`);
    return;
  }
  loadDotEnv();
  requireSettings('server', 'build', 'store');
  await openStore({ phase: 'development' });
  const stop = abortOnSignal();
  const stopDatabase = readSecret('DATABASE_URL') ? () => undefined : await prepareDatabase(stop);
  try {
    if (mode === 'start' && !isBuilt()) {
      await step('compiling the source', () => compile({ output: 'on failure', signal: stop }));
      await step('prerendering the pages', () => generate({ output: 'on failure', signal: stop }));
    }
    await generatePrismaClient(stop);
    if (values.watch)
      await watchFolder(readDatabaseAddress(), resolve(String(values.watch)), { stop, log: console.info });
    await serveUntilStopped(mode, stop);
  } finally {
    stopDatabase();
  }
}

/** Ctrl-C reaches the child processes by itself; SIGTERM only reaches this process, which passes it on. */
function abortOnSignal(): AbortSignal {
  const stop = new AbortController();
  const abort = () => stop.abort(new Error('Stopped.'));
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  return stop.signal;
}

/** Starts PostgreSQL, with tables and posts. Returns a function that stops it. */
async function prepareDatabase(stop: AbortSignal): Promise<() => void> {
  const database = await step('starting PostgreSQL', () => startEmbeddedPostgres(join(PROJECT, '.data')));
  try {
    environment.DATABASE_URL_FILE = database.urlFile;
    const address = readDatabaseAddress();
    await step('migrating', () => migrate(address, join(PROJECT, 'prisma/migrations')));
    if (!(await hasPosts(address))) {
      await step('writing the first posts', async () => {
        await seedPosts(address, join(PROJECT, 'prisma/seed'));
      });
    }
    stop.throwIfAborted();
    return database.stop;
  } catch (error) {
    database.stop();
    throw error;
  }
}

async function serveUntilStopped(mode: Mode, stop: AbortSignal): Promise<void> {
  const port = String(environment.PORT ? setting('PORT') : await firstFreePort());
  const [script, ...args] =
    mode === 'start'
      ? [join(STANDALONE, 'sealed.js'), 'serve']
      : [
          createRequire(import.meta.url).resolve('next/dist/bin/next'),
          'dev',
          '--hostname',
          '127.0.0.1',
          '--port',
          port,
        ];
  // The production server reads the store itself; Next.js's development server can't.
  const fromStore = mode === 'dev' ? storedVariables('development') : {};
  const { status } = await run(process.execPath, [script, ...args], {
    cwd: PROJECT,
    env: { ...fromStore, PORT: port, HOSTNAME: '127.0.0.1', NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
    signal: stop,
  });
  if (status !== 0 && !stop.aborted)
    throw new Error('The server stopped unexpectedly; see its output above.');
}

/** Not always 3000, so that two copies of the project can run at the same time. */
function firstFreePort(): Promise<number> {
  return getPort({ port: portNumbers(3000, 3099), host: '127.0.0.1' });
}
