import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { copyClone } from '../setup/clone.ts';
import { docker, tryDocker } from './engine.ts';

const built = inject('built');

describe.skipIf(!built)('the gate', () => {
  const { image = '', secretFile = '', url = '' } = built ?? {};
  const images: string[] = [];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-gate-'));
    copyClone(folder);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  afterAll(() => {
    for (const name of images) docker('image', 'rm', '--force', name);
  });

  const edit = (path: string, change: (text: string) => string) => {
    const file = join(folder, path);
    const before = readFileSync(file, 'utf8');
    const after = change(before);
    // A broken image that is not broken would look like a gate that finds nothing.
    expect(after).not.toBe(before);
    writeFileSync(file, after);
  };

  const imageName = () => {
    const name = `sealed-test:${randomBytes(6).toString('hex')}`;
    images.push(name);
    return name;
  };

  function build(name: string, ...options: string[]) {
    const revision = randomBytes(4).toString('hex');
    return tryDocker([
      'build',
      '--network=host',
      ...['--secret', `id=database_url,src=${secretFile}`],
      ...['--build-arg', `CONTENT_REVISION=${revision}`],
      ...options,
      ...['--tag', name],
      folder,
    ]);
  }

  async function buildBroken(...options: string[]): Promise<string> {
    const name = imageName();
    const { code, output } = await build(name, ...options);
    expect(code, output).toBe(0);
    return name;
  }

  async function verify(name: string): Promise<{ code: number; output: string }> {
    const args = [
      'sealcheck/src/cli.ts',
      'image',
      name,
      '--secret',
      `id=database_url,src=${secretFile}`,
      '--format',
      'json',
    ];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 });
      return { code: 0, output: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  async function expectLeak(name: string, where: RegExp): Promise<void> {
    const { code, output } = await verify(name);
    expect(code, output).toBe(1);
    expect(output).toMatch(where);
    expect(output).toContain('database_url');
    expect(output).not.toContain(built?.canary);
  }

  it('finds nothing in the unmodified image', async () => {
    const { code, output } = await verify(image);
    expect(code, output).toBe(0);
  });

  it('finds a URL in ENV', async () => {
    edit('Dockerfile', (text) =>
      text.replace(/(FROM serving AS runner\n)/, '$1ARG URL\nENV DATABASE_URL=$URL\n'),
    );
    await expectLeak(await buildBroken('--build-arg', `URL=${url}`), /config|Env/i);
  });

  it('finds a copied env/', async () => {
    mkdirSync(join(folder, 'env'), { recursive: true });
    writeFileSync(join(folder, 'env/database_url.txt'), url);
    edit('.dockerignore', (text) => `${text}!env/\n`);
    edit('Dockerfile', (text) => text.replace(/(FROM serving AS runner\n)/, '$1COPY env/ env/\n'));
    await expectLeak(await buildBroken(), /app\/env\/database_url\.txt/);
  });

  it('finds a .env that Next.js copied', async () => {
    writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\n`);
    edit('.dockerignore', (text) => `${text}!.env\n`);
    edit('Dockerfile', (text) => text.replace('COPY src src\n', 'COPY src src\nCOPY .env ./\n'));
    edit('src/building/build.ts', (text) =>
      text.replace(/\n *for \(const name of readdirSync\(STANDALONE\)[\s\S]*?;\n/, '\n'),
    );
    edit('src/building/build.ts', (text) => text.replace('SHIPPED = /^(', 'SHIPPED = /^(\\.env|'));
    await expectLeak(await buildBroken(), /app\/\.env/);
  });

  const passToClient = (expression: string) => {
    writeFileSync(
      join(folder, 'src/app/leak.tsx'),
      `'use client';\nexport function Leak({ note }: { note: string }) { return <i hidden>{note.length}</i>; }\n`,
    );
    edit('src/page-cache/routes.ts', (text) =>
      text.replace(
        "'/': finished(() => [LISTS_TAG])",
        "'/': { kind: 'hydrated', tags: () => [LISTS_TAG], policy: 'page' }",
      ),
    );
    edit('src/app/page.tsx', (text) =>
      `import { readFileSync } from 'node:fs';\nimport { Leak } from './leak.tsx';\n${text}`.replace(
        /return (<PostListing[^;]*);/,
        `return <>$1<Leak note={${expression}} /></>;`,
      ),
    );
  };

  it('finds a sentence containing the URL that a server component passes to a client component', async () => {
    passToClient("'connected to ' + readFileSync('/run/secrets/database_url', 'utf8')");
    await expectLeak(await buildBroken(), /app\/\.next\/pages\.zst/);
  });

  it('is not needed if a server component passes the URL itself: React stops the build', async () => {
    passToClient("readFileSync('/run/secrets/database_url', 'utf8')");
    const { code, output } = await build(imageName());
    expect(code).not.toBe(0);
    expect(output).toContain('DATABASE_URL is a secret, and was about to be sent to a browser.');
    expect(output).not.toContain(built?.canary);
  });

  it('finds a URL in the env of next.config', async () => {
    edit('next.config.ts', (text) =>
      `import { existsSync, readFileSync } from 'node:fs';\n${text}`.replace(
        "output: 'standalone',",
        "output: 'standalone',\n  env: { URL: existsSync('/run/secrets/database_url') ? readFileSync('/run/secrets/database_url', 'utf8') : '' },",
      ),
    );
    await expectLeak(await buildBroken(), /required-server-files/);
  });
});
