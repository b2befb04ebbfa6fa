import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '#database/migrate.ts';
import { parseDatabaseUrl } from '../tests/setup/database-address.ts';
import { progress, run, runQuietly, untilAnswered } from './measure.ts';
import { writePosts } from './posts.ts';

/** The image that the project's image is based on. */
export const BASE = 'node:26-trixie-slim';

/** The posts in the database, all of which are prerendered. */
export const POSTS = 1_000;

/** The template for `docker inspect` that prints a container's address. */
const ADDRESS = '{{.NetworkSettings.Networks.bridge.IPAddress}}';

/** The port of a served blog, on 127.0.0.1. */
export const PORT = 20_999;

/** A database with {@link POSTS} posts, and the project's image. */
export type Blog = {
  /** The database's URL. */
  url: string;
  /** The image's name. It exists after {@link Blog.build}. */
  image: string;
  /** A file with DATABASE_URL for `docker run --env-file`. */
  envFile: string;
  /** Builds the image, with further arguments for `docker build`. */
  build: (...more: string[]) => Promise<void>;
  /** Builds another target of the Dockerfile. Returns the image's name, which is the caller's to remove. */
  buildTarget: (target: string) => Promise<string>;
  /** Starts a container until {@link Blog.close}, or `stop`. Returns its id. */
  start: (...args: string[]) => string;
  stop: (id: string) => void;
  /**
   * Serves the blog with a database on {@link PORT}, on the first core only.
   *
   * @param options for `docker run`
   */
  serve: (...options: string[]) => Promise<{ id: string; site: string }>;
  /** Removes the containers, the images and the files. */
  close: () => void;
};

/** Starts a PostgreSQL in a container, and writes the posts. */
export async function openBlog(): Promise<Blog> {
  const id = randomBytes(4).toString('hex');
  const password = randomBytes(12).toString('hex');
  const image = `sealed-bench-${id}:latest`;
  const folder = mkdtempSync(join(tmpdir(), 'sealed-bench-'));
  const secret = join(folder, 'database_url.txt');
  const envFile = join(folder, 'variables.env');
  const containers = new Set<string>();

  const start: Blog['start'] = (...args) => {
    const container = run('docker', 'run', '--detach', ...args).trim();
    containers.add(container);
    return container;
  };
  const stop: Blog['stop'] = (container) => {
    run('docker', 'rm', '--force', '--volumes', container);
    containers.delete(container);
  };
  const buildAs = (tag: string, more: string[]) =>
    runQuietly('node', [
      'src/commands/docker-build.ts',
      ...['--tag', tag, '--secret', secret],
      ...(more.length > 0 ? ['--', ...more] : []),
    ]);
  const build: Blog['build'] = (...more) => buildAs(image, more);
  const buildTarget: Blog['buildTarget'] = async (target) => {
    const tag = `sealed-bench-${id}:${target}`;
    await buildAs(tag, ['--target', target]);
    return tag;
  };
  const close = () => {
    for (const container of containers) stop(container);
    run('docker', 'image', 'rm', '--force', image);
    rmSync(folder, { recursive: true });
  };
  const serve: Blog['serve'] = async (...options) => {
    const site = `http://127.0.0.1:${PORT}`;
    const container = start(
      ...['--network', 'host', '--cpuset-cpus', '0', '--env', `PORT=${PORT}`, '--env', 'HOSTNAME=127.0.0.1'],
      ...['--env-file', envFile, ...options, image],
    );
    await untilAnswered(site);
    return { id: container, site };
  };

  try {
    progress(`starting PostgreSQL with ${POSTS} posts`);
    const variables = ['--env', `POSTGRES_PASSWORD=${password}`, '--env', 'POSTGRES_DB=blog'];
    const database = start(...variables, 'postgres:18');
    // The same address for this machine, for builds and for containers.
    const address = run('docker', 'inspect', '--format', ADDRESS, database).trim();
    const url = `postgresql://postgres:${password}@${address}:5432/blog`;
    writeFileSync(secret, url, { mode: 0o600 });
    writeFileSync(envFile, `DATABASE_URL=${url}\n`, { mode: 0o600 });
    await eventuallyMigrated(url);
    await writePosts(url, { count: POSTS });
    return { url, image, envFile, build, buildTarget, start, stop, serve, close };
  } catch (error) {
    close();
    throw error;
  }
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
