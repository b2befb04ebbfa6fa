import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { runNode } from '../setup/command.ts';
import { docker, startContainer, tryDocker } from './engine.ts';

const built = inject('built');

const images: string[] = [];

afterAll(() => {
  for (const image of images) docker('image', 'rm', '--force', image);
});

function imageName(): string {
  const name = `sealed-test:${randomBytes(6).toString('hex')}`;
  images.push(name);
  return name;
}

/** The files of an exported image, both layers and metadata, that hold one of the values. */
function blobsWith(image: string, values: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-export-'));
  try {
    execFileSync('sh', ['-c', 'docker save "$0" | tar -x -C "$1"', image, folder]);
    const found: string[] = [];
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const raw = readFileSync(join(entry.parentPath, entry.name));
      const content = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
      if (values.some((value) => content.includes(value))) found.push(entry.name);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!built)('the image', () => {
  const { image = '', canary = '', url = '', secretFile = '', log = '' } = built ?? {};
  const telling = [
    canary,
    encodeURIComponent(url),
    Buffer.from(canary).toString('base64').slice(0, -4),
    Buffer.from(canary).toString('hex'),
  ];

  it('has its build secret in no layer and no metadata', () => {
    expect(blobsWith(image, telling)).toEqual([]);
    expect(docker('history', '--no-trunc', image)).not.toContain(canary);
    expect(docker('inspect', image)).not.toContain(canary);
    expect(log).not.toContain(canary);
  });

  it('would fail that check if it held the secret, even in a layer whose file a later layer deletes', () => {
    const leaky = imageName();
    execFileSync('docker', ['build', '--quiet', '--tag', leaky, '-'], {
      input: `FROM ${image}\nUSER root\nRUN echo ${canary} > /leak\nRUN rm /leak\n`,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    expect(blobsWith(leaky, telling).length).toBeGreaterThan(0);
  });

  it('runs as node, in exec form, with a health check and without npm', () => {
    const [{ Config: config }] = JSON.parse(docker('inspect', image));
    expect(config.User).toBe('node');
    expect(config.Entrypoint).toEqual(['node', '/app/sealed.js']);
    expect(config.Healthcheck.Test[0]).toBe('CMD');
    const files = docker(
      'run',
      '--rm',
      '--entrypoint',
      'sh',
      image,
      '-c',
      'command -v npm npx yarn corepack curl; ls /app',
    );
    expect(files.split('\n').filter(Boolean)).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/npm|npx|yarn|corepack|curl|\.env|^env$/)]),
    );
  });

  it('states in its labels what it was built from', () => {
    const labels = JSON.parse(docker('inspect', '--format', '{{json .Config.Labels}}', image));
    expect(labels['org.opencontainers.image.title']).toBe('Sealed');
    expect(labels['sealed.content-revision']).toMatch(/^[0-9a-f]{12}-[0-9a-f]{16}$/);
  });

  it('adds at most 40 MB to its base', () => {
    // In containerd's store an image's own size counts compressed layers; the layers' sizes are the same in both
    // stores.
    const size = (name: string) =>
      docker('history', '--human=false', '--format', '{{.Size}}', name)
        .trim()
        .split('\n')
        .reduce((sum, layer) => sum + Number(layer), 0);
    // A build does not add its base to the engine's images.
    if (!docker('image', 'ls', '--quiet', 'node:26-trixie-slim')) docker('pull', 'node:26-trixie-slim');
    expect((size(image) - size('node:26-trixie-slim')) / 1e6).toBeLessThanOrEqual(40);
  });

  it('is built from the cache if nothing changed, and from the generate step on if a post did', async () => {
    const rebuild = async () => {
      const build = runNode('.', [
        'src/commands/docker-build.ts',
        '--tag',
        imageName(),
        '--secret',
        secretFile,
      ]);
      expect(await build.ended, build.output()).toBe(0);
      const cached = (step: string) =>
        new RegExp(`(#\\d+) \\[${step}[^\\n]*RUN[^\\n]*build-${step}[\\s\\S]*?\\1 (CACHED|DONE)`).exec(
          build.output(),
        )?.[2];
      return { compile: cached('compile'), generate: cached('generate') };
    };
    expect(await rebuild()).toEqual({ compile: 'CACHED', generate: 'CACHED' });
    const title = `Edited ${randomBytes(4).toString('hex')}`;
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const slug = await client
      .query(
        'UPDATE "Post" SET "title" = $1 WHERE "id" = (SELECT "id" FROM "Post" WHERE "published" LIMIT 1) RETURNING "slug"',
        [title],
      )
      .then(({ rows }) => rows[0].slug)
      .finally(() => client.end());
    expect(await rebuild()).toEqual({ compile: 'CACHED', generate: 'DONE' });
    const container = await startContainer(images.at(-1) ?? '');
    try {
      expect(await (await fetch(`${container.url}/posts/${slug}`)).text()).toContain(title);
    } finally {
      container.remove();
    }
  });

  it('is generated again for another database, even if its posts are the same', async () => {
    const other = new URL(url);
    other.pathname = '/other';
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // A copy: same server, same posts, same user and password.
    await client.query('CREATE DATABASE other TEMPLATE blog').finally(() => client.end());
    const build = runNode('.', ['src/commands/docker-build.ts', '--tag', imageName()], {
      DATABASE_URL: other.href,
    });
    expect(await build.ended, build.output()).toBe(0);
    expect(build.output()).toMatch(/(#\d+) \[generate[^\n]*RUN[\s\S]*?\1 DONE/);
  });

  it('is generated again without Node.js by the command in the docs', async () => {
    const { code, output } = await tryDocker([
      ...['build', '--network=host', '--progress=plain', '--no-cache-filter', 'generate'],
      ...['--secret', `id=database_url,src=${secretFile}`, '--tag', imageName(), '.'],
    ]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/(#\d+) \[generate[^\n]*RUN[\s\S]*?\1 DONE/);
    expect(output).toMatch(/(#\d+) \[compile[^\n]*RUN[\s\S]*?\1 CACHED/);
  });

  it('is not built without a secret, and the message says which option to pass', async () => {
    const { code, output } = await tryDocker([
      'build',
      // The network is part of a layer's cache key: the same network gives the same layers.
      '--network=host',
      '--build-arg',
      `CONTENT_REVISION=${randomBytes(4).toString('hex')}`,
      '.',
    ]);
    expect(code).not.toBe(0);
    expect(output).toContain('Pass --secret id=database_url,src=env/database_url.txt');
    expect(output).toContain('--target deferred');
  });

  it('is also built from a secret in a variable, with quotes and a Windows line ending', async () => {
    const build = runNode('.', ['src/commands/docker-build.ts', '--tag', imageName()], {
      DATABASE_URL: `"${url}"\r`,
    });
    expect(await build.ended, build.output()).toBe(0);
  });
});
