import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '#database/migrate.ts';
import { parseDatabaseUrl } from '../tests/setup/database-address.ts';
import { median, requestsPerSecond, run, runQuietly, seconds, untilAnswered } from './measure.ts';

const HELP = `Usage: npm run bench [-- --skip-cold]

Builds and runs the image against a PostgreSQL in a container, and prints what a reader of docs/figures.md can repeat.
It needs Docker, and takes some minutes. --skip-cold leaves the build cache as it is.
`;

const BASE = 'node:26-trixie-slim';
const POSTS = 200;
const MANY_POSTS = 10_000;

type Row = [what: string, value: string, note: string];

async function main(): Promise<void> {
  const options = { help: { type: 'boolean', short: 'h' }, 'skip-cold': { type: 'boolean' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) return console.info(HELP);

  const password = randomBytes(12).toString('hex');
  const image = `sealed-bench:${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'sealed-bench-'));
  const secret = join(folder, 'database_url.txt');
  const started: string[] = [];
  const rows: Row[] = [];
  const say = (...row: Row) => {
    rows.push(row);
    process.stderr.write(`${row[0]}: ${row[1]}\n`);
  };
  try {
    const database = run(
      'docker',
      'run',
      '--detach',
      '--publish',
      '127.0.0.1::5432',
      '--env',
      `POSTGRES_PASSWORD=${password}`,
      '--env',
      'POSTGRES_DB=blog',
      'postgres:18',
    ).trim();
    started.push(database);
    const url = `postgresql://postgres:${password}@${run('docker', 'port', database, '5432').trim().split('\n')[0]}/blog`;
    writeFileSync(secret, url, { mode: 0o600 });
    await eventuallyMigrated(url);
    await writePosts(url, POSTS);

    const build = (...more: string[]) =>
      seconds(() =>
        runQuietly('node', ['src/commands/docker-build.ts', '--tag', image, '--secret', secret, ...more]),
      );
    const cold = values['skip-cold'] ? undefined : await build('--', '--no-cache');
    if (cold)
      say(
        'cold build',
        `${cold.toFixed(1)} s`,
        'docker build --no-cache; packages come from the npm cache where it has them',
      );
    else await build();
    const contentOnly: number[] = [];
    for (let round = 0; round < 3; round++) {
      await query(url, `UPDATE "Post" SET "title" = 'Round ${round}' WHERE "slug" = 'post-1'`);
      contentOnly.push(await build());
    }
    say(
      'content-only rebuild',
      `${median(contentOnly).toFixed(1)} s`,
      `one of ${POSTS} posts changed; median of 3`,
    );
    if (cold) say('cold : content-only', `${(cold / median(contentOnly)).toFixed(1)} : 1`, '');

    say(
      'the app adds to its base',
      `${((unpackedSize(image) - unpackedSize(BASE)) / 1e6).toFixed(1)} MB`,
      `${BASE} has ${(unpackedSize(BASE) / 1e6).toFixed(0)} MB`,
    );

    const firstAnswers: number[] = [];
    const bareStarts: number[] = [];
    for (let round = 0; round < 5; round++) {
      const port = String(20_000 + Math.floor(Math.random() * 10_000));
      let id = '';
      firstAnswers.push(
        1_000 *
          (await seconds(async () => {
            id = run('docker', 'run', '--detach', '--publish', `127.0.0.1:${port}:3000`, image).trim();
            await untilAnswered(`http://127.0.0.1:${port}/`);
          })),
      );
      run('docker', 'rm', '--force', id);
      const bare = () => run('docker', 'run', '--rm', '--entrypoint', 'node', image, '--eval', '0');
      bareStarts.push(1_000 * (await seconds(bare)));
    }
    say('docker run to the first 200', `${median(firstAnswers).toFixed(0)} ms`, 'median of 5');
    say(
      'docker run of Node.js alone',
      `${median(bareStarts).toFixed(0)} ms`,
      'the same image, in turn with that',
    );

    const server = run(
      'docker',
      'run',
      '--detach',
      '--network',
      'host',
      '--env',
      'PORT=20999',
      '--env',
      'HOSTNAME=127.0.0.1',
      '--env-file',
      envFile(folder, url),
      image,
    ).trim();
    started.push(server);
    await untilAnswered('http://127.0.0.1:20999/');
    const generated = await requestsPerSecond('http://127.0.0.1:20999/posts/post-2');
    const queried = await requestsThatQuery('http://127.0.0.1:20999', url);
    say(
      'prerendered page',
      `${generated.toFixed(0)} requests/s`,
      '16 connections, 8 s, client and server on the same machine',
    );
    say(
      'page that is queried and rendered',
      `${queried.toFixed(0)} requests/s`,
      'each request for another post, on its first visit',
    );
    say('prerendered : queried', `${(generated / queried).toFixed(1)} : 1`, '');

    await writePosts(url, MANY_POSTS);
    say(
      'peak memory of generate',
      await peakMemoryOfGenerate(url),
      `${MANY_POSTS} posts in the database, of which the newest 1,000 are generated`,
    );
  } finally {
    for (const id of started) run('docker', 'rm', '--force', '--volumes', id);
    run('docker', 'image', 'rm', '--force', image, `${image}-deferred`);
    rmSync(folder, { recursive: true });
  }
  console.info(
    ['| What | Measured | How |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
      '\n',
    ),
  );
}

/** Bytes of an image's unpacked layers. With containerd's image store, `docker image inspect` reports compressed sizes. */
function unpackedSize(image: string): number {
  return run('docker', 'history', '--human=false', '--format', '{{.Size}}', image)
    .trim()
    .split('\n')
    .reduce((sum, layer) => sum + Number(layer), 0);
}

async function eventuallyMigrated(url: string): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    try {
      await migrate(parseDatabaseUrl(url, 'the bench'), 'prisma/migrations');
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function envFile(folder: string, url: string): string {
  const file = join(folder, '.env');
  writeFileSync(file, `DATABASE_URL=${url}\n`, { mode: 0o600 });
  return file;
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
}

function writePosts(url: string, count: number): Promise<void> {
  return query(
    url,
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     SELECT 'c' || n, 'post-' || n, 'Post ' || n,
       repeat(E'A paragraph of *some* length with \`code\` in it, and a [link](/posts/post-1).\\n\\n', 30) || E'\`\`\`ts\\nconst n = ' || n || E';\\n\`\`\`\\n',
       true, now() - n * interval '1 minute', now()
     FROM generate_series(1, $1) AS n ON CONFLICT DO NOTHING`,
    [count],
  );
}

/** Requests per second for posts that are not prerendered. Each is requested once, as it is rendered on its first visit. */
async function requestsThatQuery(site: string, url: string): Promise<number> {
  const count = 1_500;
  await query(
    url,
    `INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
     SELECT 'u' || n, 'unread-' || n, 'Unread ' || n, (SELECT "content" FROM "Post" WHERE "slug" = 'post-2'), true,
       now() - interval '10 years' - n * interval '1 minute', now() FROM generate_series(1, $1) AS n`,
    [count],
  );
  let next = 1;
  const taken = await seconds(() =>
    Promise.all(
      Array.from({ length: 16 }, async () => {
        while (next <= count) {
          const slug = `unread-${next++}`;
          const answer = await fetch(`${site}/posts/${slug}`);
          if (answer.status !== 200) throw new Error(`${slug} answered ${answer.status}.`);
          await answer.arrayBuffer();
        }
      }),
    ),
  );
  return count / taken;
}

/** The peak of the proportional set size of all processes in a container that only generates the pages. */
async function peakMemoryOfGenerate(url: string): Promise<string> {
  const image = `sealed-bench-compile:${randomBytes(4).toString('hex')}`;
  try {
    await runQuietly('docker', ['build', '--network=host', '--target', 'compile', '--tag', image, '.']);
    const sample = `node src/commands/build-generate.ts >/tmp/log 2>&1 & pid=$!; peak=0
      while kill -0 $pid 2>/dev/null; do
        now=$(awk '/^Pss:/ { sum += $2 } END { print sum + 0 }' /proc/[0-9]*/smaps_rollup 2>/dev/null)
        [ "$now" -gt "$peak" ] && peak=$now; sleep 0.1
      done; wait $pid && echo $peak || { cat /tmp/log >&2; exit 1; }`;
    const kilobytes = run(
      'docker',
      'run',
      '--rm',
      '--network',
      'host',
      '--env',
      `DATABASE_URL=${url}`,
      image,
      'bash',
      '-c',
      sample,
    );
    return `${(Number(kilobytes) / 1e3).toFixed(0)} MB`;
  } finally {
    run('docker', 'image', 'rm', '--force', image);
  }
}

await main();
