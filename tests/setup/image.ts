import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import type { TestProject } from 'vitest/node';
import { migrate } from '#database/migrate.ts';
import { seedPosts } from '#post-files/import.ts';
import { runNode } from './command.ts';
import { parseDatabaseUrl } from './database-address.ts';
import { dockerAnswers } from './docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the container suite shares; `undefined` if there is no Docker engine. */
    built: Built | undefined;
  }
}

/** An image that was built with a real secret, and the database that it was built from. */
export type Built = {
  /** The image's name. */
  image: string;
  /** The file that holds the build secret: a URL whose password is a canary. */
  secretFile: string;
  /** The same URL. */
  url: string;
  /** Its password, which occurs nowhere else. */
  canary: string;
  /** What `docker:build` printed. */
  log: string;
};

/** Builds the image once for the whole suite, from a PostgreSQL in a container, with a canary as the password. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!dockerAnswers()) {
    project.provide('built', undefined);
    return undefined;
  }
  const canary = randomBytes(24).toString('base64url');
  const postgres = await new PostgreSqlContainer('postgres:18')
    .withDatabase('blog')
    .withUsername('blog')
    .withPassword(canary)
    .start();
  const folder = mkdtempSync(join(tmpdir(), 'sealed-image-'));
  const image = `sealed-test:${randomBytes(6).toString('hex')}`;
  const stop = async () => {
    execFileSync('docker', ['image', 'rm', '--force', image], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
    await postgres.stop();
  };
  try {
    const url = `postgresql://blog:${canary}@127.0.0.1:${postgres.getPort()}/blog`;
    const secretFile = join(folder, 'database_url.txt');
    writeFileSync(secretFile, url, { mode: 0o600 });
    await migrate(parseDatabaseUrl(url, 'the container suite'), 'prisma/migrations');
    await seedPosts(parseDatabaseUrl(url, 'the container suite'), 'prisma/seed');
    const build = runNode('.', ['src/commands/docker-build.ts', '--tag', image, '--secret', secretFile]);
    if ((await build.ended) !== 0) throw new Error(`The image was not built:\n${build.output()}`);
    project.provide('built', { image, secretFile, url, canary, log: build.output() });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
