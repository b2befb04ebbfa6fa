import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import getPort, { portNumbers } from 'get-port';
import { compile, generate, generatePrismaClient, isBuilt } from '#building/build.ts';
import { loadDotEnv } from '#building/dot-env.ts';
import { PROJECT, STANDALONE } from '#building/project.ts';
import { run } from '#building/run.ts';
import { migrate } from '#database/migrate.ts';
import { disconnect } from '#database/open-client.ts';
import { hasPosts } from '#database/preflight.ts';
import { requireSettings, setting } from '#environment/settings.ts';
import { environment } from '#environment/variables.ts';
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

/**
 * Runs `npm start` or `npm run dev`, with an embedded PostgreSQL under `.data/` if DATABASE_URL is not set.
 * Ends on Ctrl-C, or when the server ends, and stops everything that it started.
 */
export async function serveLocally(mode: Mode): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    console.info(`Usage: npm ${mode === 'dev' ? 'run dev' : 'start'}

${PURPOSE[mode]}

Without DATABASE_URL it starts a PostgreSQL of its own, with its data in .data/; delete that folder to start over.
PORT chooses the port; where it is not set, the first free one from 3000 is taken.`);
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
      await step('generating the pages', () => generate({ output: 'on failure', signal: stop }));
    }
    await generatePrismaClient(stop);
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
        await generatePrismaClient(stop);
        const { seedPosts } = await import('#posts/seed.ts');
        await seedPosts(join(PROJECT, 'prisma/seed'));
        await disconnect();
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
  if (status !== 0 && !stop.aborted) throw new Error('The server ended by itself; see its output above.');
}

/** Not always 3000, so that two copies of the project can run at the same time. */
function firstFreePort(): Promise<number> {
  return getPort({ port: portNumbers(3000, 3099), host: '127.0.0.1' });
}
