import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import pg from 'pg';
import { Network, type StartedNetwork } from 'testcontainers';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { makePng } from '../setup/images.ts';
import {
  type Container,
  docker,
  eventually,
  HARDENED,
  healthCheckUser,
  healthOf,
  startContainer,
  tryDocker,
} from './engine.ts';

const built = inject('built');
const image = built?.image ?? '';

describe.skipIf(!built)('a container', () => {
  let folder: string;
  let network: StartedNetwork;
  let postgres: StartedPostgreSqlContainer;
  let password: string;
  let containers: Pick<Container, 'remove'>[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-run-'));
    network = await new Network().start();
    password = randomBytes(18).toString('base64url');
    postgres = await new PostgreSqlContainer('postgres:18')
      .withDatabase('blog')
      .withUsername('blog')
      .withPassword(password)
      .withNetwork(network)
      .withNetworkAliases('db')
      .start();
  });

  afterEach(() => {
    for (const container of containers) container.remove();
    containers = [];
  });

  afterAll(async () => {
    await postgres.stop();
    await network.stop();
    rmSync(folder, { recursive: true });
  });

  const start = async (options: string[] = []) => {
    const container = await startContainer(image, options);
    containers.push(container);
    return container;
  };

  /** The `docker run` options for an env file with these lines, in the database's network. */
  const withEnvFile = (lines: string, path = '.env') => {
    const file = join(folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, lines, { mode: 0o600 });
    return ['--env-file', file, '--network', network.getName()];
  };
  const url = () => `postgresql://blog:${password}@db:5432/blog`;

  /** Where the database is published now: each start has another port. */
  const publishedUrl = () =>
    `postgresql://blog:${password}@${docker('port', postgres.getId(), '5432').trim().split('\n')[0]}/blog`;

  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: publishedUrl() });
    await client.connect();
    return client.query(sql).finally(() => client.end());
  };

  it('serves the prerendered pages without any variable, and knows which posts exist', async () => {
    const { url: site } = await start();
    const page = await fetch(site);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<article')]);
    const missing = await fetch(`${site}/posts/not-generated`);
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('Page not found')]);
  });

  it('migrates and seeds, each twice at the same time, and serves', async () => {
    const options = withEnvFile(`DATABASE_URL=${url()}\n`);
    const migrations = await Promise.all(
      [1, 2].map(() => tryDocker(['run', '--rm', ...options, image, 'migrate'])),
    );
    expect(migrations.map(({ code }) => code)).toEqual([0, 0]);
    expect(migrations.map(({ output }) => output).sort()).toEqual([
      expect.stringMatching(/^migrate: applied/),
      expect.stringMatching(/up to date/),
    ]);
    const seeds = await Promise.all([1, 2].map(() => tryDocker(['run', '--rm', ...options, image, 'seed'])));
    expect(seeds.map(({ code }) => code)).toEqual([0, 0]);
    const { rowCount } = await query('SELECT FROM "Post" WHERE "published"');
    expect(rowCount).toBeGreaterThanOrEqual(12);
    const { url: site } = await start([...options, ...HARDENED]);
    expect((await fetch(`${site}/posts/nonesuch`)).status).toBe(404);
  });

  it('imports a folder that it may only read, shows it, and exports it again', async () => {
    const options = [...withEnvFile(`DATABASE_URL=${url()}\n`), ...HARDENED];
    const png = makePng(8, 4);
    const posts = join(folder, 'posts');
    mkdirSync(posts);
    writeFileSync(join(posts, 'a.md'), '---\ntitle: From a file\ndate: 2026-01-02\n---\n\n![x](x.png)\n');
    writeFileSync(join(posts, 'x.png'), png);
    const exported = join(folder, 'exported');
    mkdirSync(exported);
    // The image's user is another one than the test's.
    chmodSync(folder, 0o755);
    chmodSync(exported, 0o777);
    expect((await tryDocker(['run', '--rm', ...options, image, 'migrate'])).code).toBe(0);
    const volume = ['--volume', `${posts}:/posts:ro`];
    const first = await tryDocker(['run', '--rm', ...volume, ...options, image, 'import', '/posts']);
    expect([first.code, first.output]).toEqual([0, expect.stringContaining('1 post created')]);
    const second = await tryDocker(['run', '--rm', ...volume, ...options, image, 'import', '/posts']);
    expect(second.output).toContain('1 unchanged');
    const { url: site } = await start(options);
    const page = await (await fetch(`${site}/posts/a`)).text();
    const [, address = ''] = /src="(\/images\/[^"]+)"/.exec(page) ?? [];
    expect(Buffer.from(await (await fetch(site + address)).arrayBuffer()).equals(png)).toBe(true);
    const out = ['--volume', `${exported}:/posts`];
    expect((await tryDocker(['run', '--rm', ...out, ...options, image, 'export', '/posts'])).code).toBe(0);
    expect(readFileSync(join(exported, 'x.png')).equals(png)).toBe(true);
    expect(readFileSync(join(exported, 'a.md'), 'utf8')).toContain('title: From a file');
  });

  it.each([
    ['quotes', (value: string) => `DATABASE_URL="${value}"\nPORT="3000"\n`],
    ['single quotes', (value: string) => `DATABASE_URL='${value}'\n`],
    ['Windows line ends', (value: string) => `DATABASE_URL=${value}\r\nPORT=3000\r\n`],
    ['quotes and Windows line ends', (value: string) => `DATABASE_URL="${value}"\r\nPORT="3000"\r\n`],
  ])('accepts an env file with %s', async (_, lines) => {
    const { url: site } = await start(withEnvFile(lines(url()), 'src/.env'));
    expect((await fetch(`${site}/posts/nonesuch`)).status).toBe(404);
  });

  it.each([
    ['migrate without a URL', ['migrate'], '', 1, /^sealed: DATABASE_URL is not set/],
    [
      'seed with a wrong password',
      ['seed'],
      'postgresql://blog:hidden@db:5432/blog',
      1,
      /^sealed: Access to the database "blog" on db was refused/,
    ],
    ['an unknown command', ['nonesuch'], '', 2, /^sealed: "nonesuch" is not a command/],
    ['a port that is none', ['serve'], 'PORT', 1, /^sealed: PORT is not a TCP port/],
  ])('exits with one line and an exit code for %s', async (_, command, value, expected, sentence) => {
    const lines = value === 'PORT' ? 'PORT=http\n' : value ? `DATABASE_URL=${value}\n` : '';
    const { code, output } = await tryDocker(['run', '--rm', ...withEnvFile(lines), image, ...command]);
    expect(code).toBe(expected);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toMatch(sentence);
    expect(output).not.toContain('hidden');
  });

  it.each([
    ['a quoted port', 'PORT="3326"\r\n', 'http://127.0.0.1:3326'],
    ['another address of the loopback interface', 'HOSTNAME=127.0.0.2\n', 'http://127.0.0.2:3000'],
    ['no variable at all', '', 'http://127.0.0.1:3000'],
  ])('becomes healthy with %s, as node', async (_, lines, origin) => {
    const id = docker('run', '--detach', ...withEnvFile(lines), image).trim();
    containers.push({ remove: () => docker('rm', '--force', id) });
    await eventually(async () => healthOf(id).Status === 'healthy');
    expect(healthOf(id).Log.at(-1)?.Output.trim()).toBe(`health: ${origin}/health answers`);
    expect(healthCheckUser(id)).toEqual({ uid: '1000', capabilities: '0000000000000000' });
  });

  it('becomes healthy with a read-only root and no capabilities', async () => {
    const { id } = await start([...HARDENED]);
    await eventually(async () => healthOf(id).Status === 'healthy');
    expect(docker('exec', id, 'sh', '-c', 'touch /app/x 2>&1 || true')).toMatch(/Read-only file system/);
    expect(docker('exec', id, 'sh', '-c', 'grep CapEff /proc/1/status')).toMatch(/0000000000000000/);
  });

  it('cannot change the files it serves, even if the root is writable', async () => {
    const { id } = await start();
    expect(docker('exec', id, 'sh', '-c', 'touch /app/x /app/.next/x 2>&1 || true')).toMatch(
      /Permission denied/,
    );
  });

  it('keeps serving while its database is down, logs that in one line, and recovers by itself', async () => {
    const { url: site, log } = await start(withEnvFile(`DATABASE_URL=${url()}\n`));
    await eventually(async () => (await (await fetch(`${site}/health`)).json()).database === 'reachable');
    await query(`INSERT INTO "Post" ("id", "slug", "title", "content", "published", "publishedAt", "updatedAt")
      VALUES ('back', 'back-again', 'Back', 'Text.', true, now(), now()) ON CONFLICT DO NOTHING`);
    await eventually(async () => (await (await fetch(site)).text()).includes('back-again'));
    docker('stop', postgres.getId());
    expect((await fetch(`${site}/posts/back-again`)).status).toBe(503);
    const statuses = new Set<number>();
    for (let batch = 0; batch < 50; batch++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => fetch(site).then((answer) => answer.status)),
      );
      for (const status of answers) statuses.add(status);
      // Pages that were never rendered are still being requested, too.
      if (batch % 10 === 0) expect((await fetch(`${site}/posts/back-again`)).status).toBe(503);
    }
    expect([...statuses]).toEqual([200]);
    expect(
      log()
        .replace(/^Sealed has .*/m, '')
        .match(/database/gi)?.length,
    ).toBeLessThanOrEqual(3);
    expect(log().match(/^database: /gm)).toHaveLength(1);
    expect(log()).not.toMatch(/\n\s+at /);
    docker('start', postgres.getId());
    await eventually(async () => (await fetch(`${site}/posts/back-again`)).status === 200);
    expect(log()).toContain('database: reachable again');
    expect(log()).not.toContain(password);
  });

  it('finishes a request in flight after SIGTERM, and exits with 0', async () => {
    const container = await start(withEnvFile(`DATABASE_URL=${url()}\n`));
    const site = container.url;
    const holder = new pg.Client({ connectionString: publishedUrl() });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE "Post" IN ACCESS EXCLUSIVE MODE');
      const inFlight = fetch(`${site}/posts/nonesuch-yet`);
      const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
      await eventually(async () => (await query(waiting)).rows[0].count > 0);
      const stopped = container.stop();
      await eventually(async () =>
        fetch(`${site}/health`).then(
          () => false,
          () => true,
        ),
      );
      await holder.query('ROLLBACK');
      expect((await inFlight).status).toBe(404);
      expect(await stopped).toBe(0);
    } finally {
      await holder.end();
    }
  });
});
