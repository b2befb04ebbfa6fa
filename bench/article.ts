import { randomBytes } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median, run, runQuietly, seconds } from './measure.ts';

const HELP = `Usage: node bench/article.ts [--rounds <n>]

Builds examples/minimal and the same app with a Dockerfile like the article's, in turn, and compares time and size.
It needs Docker, and takes some minutes. --rounds is 3 unless you say otherwise.
`;

const BASE = 'node:26-trixie-slim';
const LEFT_BEHIND = ['node_modules', '.next', 'generated', '.env', 'database_url.txt'];

const FIRST = 'first build on a machine';
const AGAIN = 'build without cached layers';
const CHANGED = 'build after a change of source';

type App = { name: string; folder: string; image: string };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, rounds: { type: 'string', default: '3' } },
  });
  if (values.help) return console.info(HELP);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('--rounds has to be a whole number of at least 1.');

  const example = copy('example');
  const article = copy('article');
  for (const file of ['.dockerignore', 'next.config.ts']) rmSync(join(article.folder, file));
  cpSync('bench/article-app', article.folder, { recursive: true });
  const apps = [example, article];
  const times = new Map<string, number[]>();
  const password = randomBytes(12).toString('hex');
  const database = startDatabase(password);
  try {
    const address = run(
      'docker',
      'inspect',
      '--format',
      '{{.NetworkSettings.Networks.bridge.IPAddress}}',
      database,
    );
    const variables = { URL: `postgresql://postgres:${password}@${address.trim()}:5432/postgres` };
    const build = ({ folder, image }: App, ...options: string[]) =>
      runQuietly(
        'docker',
        ['build', ...options, '--secret', 'id=database_url,env=URL', '--tag', image, folder],
        variables,
      );
    await untilReady(database);
    const take = async (app: App, what: string, ...options: string[]) => {
      const taken = await seconds(() => build(app, ...options));
      times.set(`${app.name} ${what}`, [...(times.get(`${app.name} ${what}`) ?? []), taken]);
      process.stderr.write(`${app.name}, ${what}: ${taken.toFixed(1)} s\n`);
    };
    // Alternating, and each first as often as second, so that other load on the machine affects both.
    const inTurn = (round: number) => (round % 2 ? apps : apps.toReversed());
    for (let round = 1; round <= rounds; round++) {
      for (const app of inTurn(round)) {
        emptyPackageCache(app);
        await take(app, FIRST, '--no-cache');
        await take(app, AGAIN, '--no-cache');
      }
    }
    for (let round = 1; round <= 2 * rounds + 2; round++) {
      for (const app of inTurn(round)) {
        appendFileSync(join(app.folder, 'app/page.tsx'), `// Round ${round}\n`);
        await take(app, CHANGED);
      }
    }
    const size = (image: string) =>
      Number(run('docker', 'image', 'inspect', '--format', '{{.Size}}', image)) / 1e6;
    const row = (what: string, of: (app: App) => string) => `| ${what} | ${of(example)} | ${of(article)} |`;
    const timed = (what: string) =>
      row(what, ({ name }) => `${median(times.get(`${name} ${what}`) ?? []).toFixed(1)} s`);
    console.info(
      [
        '| What | examples/minimal | like the article |',
        '| --- | ---: | ---: |',
        timed(FIRST),
        timed(AGAIN),
        timed(CHANGED),
        row('added to the base image', ({ image }) => `${(size(image) - size(BASE)).toFixed(1)} MB`),
      ].join('\n'),
    );
  } finally {
    run('docker', 'rm', '--force', '--volumes', database);
    for (const { folder, image } of apps) {
      rmSync(folder, { recursive: true });
      try {
        run('docker', 'image', 'rm', '--force', image);
      } catch {
        // It was never built.
      }
    }
  }
}

function copy(name: string): App {
  const folder = mkdtempSync(join(tmpdir(), `sealed-bench-${name}-`));
  cpSync('examples/minimal', folder, {
    recursive: true,
    filter: (path) => !LEFT_BEHIND.includes(basename(path)),
  });
  return { name, folder, image: `sealed-bench-${name}:${randomBytes(4).toString('hex')}` };
}

/** Uses a cache mount with a new id, which is empty, as in the first build on a machine, or in CI. */
function emptyPackageCache({ folder }: App): void {
  const path = join(folder, 'Dockerfile');
  const content = readFileSync(path, 'utf8');
  const id = `id=bench-${randomBytes(4).toString('hex')}`;
  writeFileSync(path, content.replace(/type=cache,(id=[^,]*,)?/, `type=cache,${id},`));
}

function startDatabase(password: string): string {
  const sql = `${resolve('examples/minimal/prisma/posts.sql')}:/docker-entrypoint-initdb.d/posts.sql:ro`;
  const environment = ['--env', `POSTGRES_PASSWORD=${password}`];
  return run('docker', 'run', '--detach', ...environment, '--volume', sql, 'postgres:18').trim();
}

async function untilReady(database: string): Promise<void> {
  const end = performance.now() + 60_000;
  const ask = ['exec', database, 'psql', '-h', '127.0.0.1', '-U', 'postgres', '-c', 'SELECT FROM "Post"'];
  for (;;) {
    try {
      run('docker', ...ask);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((wait) => setTimeout(wait, 200));
    }
  }
}

await main().catch((error: Error) => {
  console.error(`bench/article.ts: ${error.message}`);
  process.exitCode = 1;
});
