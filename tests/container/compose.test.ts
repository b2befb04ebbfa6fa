import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { copyClone } from '../setup/clone.ts';
import { healthCheckUser } from './engine.ts';

describe.skipIf(!inject('built'))('docker compose up --build --wait', () => {
  const name = `sealed-test-${randomBytes(4).toString('hex')}`;
  let folder: string;

  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, COMPOSE_PROJECT_NAME: name, PORT: '0' },
    });
  const compose = (...args: string[]) => run('docker', 'compose', ...args);
  const site = () => `http://127.0.0.1:${compose('port', 'app', '3000').trim().split(':').at(-1)}`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-compose-'));
    copyClone(folder);
    // So that the test does not replace the image of the developer who runs it.
    const file = join(folder, 'compose.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('next-app:deferred', `${name}:deferred`));
    run('sh', 'env/make-secrets');
    compose('up', '--build', '--wait');
  });

  afterAll(() => {
    compose('down', '--volumes', '--rmi', 'local', '--timeout', '2');
    rmSync(folder, { recursive: true });
  });

  it('serves a page with posts', async () => {
    const page = await fetch(site());
    expect(page.status).toBe(200);
    expect((await page.text()).match(/<article/g)).toHaveLength(10);
  });

  it('publishes only the app', () => {
    const services: { Service: string; Publishers: { PublishedPort: number }[] }[] = compose(
      'ps',
      '--format',
      'json',
    )
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const published = services.filter(({ Publishers }) =>
      Publishers.some(({ PublishedPort }) => PublishedPort > 0),
    );
    expect(published.map(({ Service }) => Service)).toEqual(['app']);
  });

  it('runs the app as node, without capabilities and without a way to gain one', () => {
    const status = compose('exec', '--no-TTY', 'app', 'cat', '/proc/1/status');
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('runs no health check as root', () => {
    for (const [service, uid] of [
      ['app', '1000'],
      ['postgres', expect.stringMatching(/^[1-9]\d*$/)],
    ]) {
      const id = compose('ps', '--quiet', String(service)).trim();
      expect(healthCheckUser(id)).toEqual({ uid, capabilities: '0000000000000000' });
    }
  });

  it('builds its image once for all services that run it', () => {
    const services: Record<string, { build?: object; image: string; pull_policy?: string }> = JSON.parse(
      compose('config', '--format', 'json'),
    ).services;
    const ours = Object.values(services).filter(({ image }) => image === `${name}:deferred`);
    expect(ours).toHaveLength(3);
    expect(ours.filter(({ build }) => build)).toHaveLength(1);
    expect(ours.map(({ pull_policy }) => pull_policy)).toEqual(['never', 'never', 'never']);
  });

  it('keeps the password out of every container’s configuration', () => {
    const password = readFileSync(join(folder, 'env/postgres_password.txt'), 'utf8');
    const ids = compose('ps', '--all', '--quiet').trim().split('\n');
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(run('docker', 'inspect', ...ids)).not.toContain(password);
    expect(compose('logs')).not.toContain(password);
  });

  it('creates secrets with mode 600, and leaves existing ones unchanged', () => {
    const file = join(folder, 'env/postgres_password.txt');
    const before = readFileSync(file, 'utf8');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(run('sh', 'env/make-secrets')).toContain('left unchanged');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('keeps the posts across a restart', async () => {
    compose('down', '--timeout', '5');
    compose('up', '--wait');
    expect((await fetch(site())).status).toBe(200);
    expect(compose('logs', 'seed')).toContain('wrote 0 of');
  });
});
