import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { copyClone } from '../setup/clone.ts';
import { runNode } from '../setup/command.ts';
import { plantTokens } from '../setup/planted-tokens.ts';
import { notNeeded } from '../setup/shipped.ts';
import { docker, tryDocker } from './engine.ts';

const built = inject('built');

describe.skipIf(!built)('an image of a project that is full of tokens', () => {
  const { secretFile = '' } = built ?? {};
  const images = { runner: imageName(), deferred: imageName(), leaky: imageName() };
  const folder = mkdtempSync(join(tmpdir(), 'sealed-contents-'));
  const tokenFile = join(folder, 'token');
  const userToken = randomBytes(24).toString('hex');
  const userTokenFile = join(folder, 'user-token');
  const log: string[] = [];

  beforeAll(async () => {
    const project = join(folder, 'project');
    copyClone(project);
    writeFileSync(tokenFile, plantTokens(project));
    writeFileSync(userTokenFile, userToken);
    const npmrc = join(folder, 'npmrc');
    writeFileSync(npmrc, `//registry.example.com/:_authToken=${userToken}\n`);
    const build = async (target: keyof typeof images, ...options: string[]) => {
      const { code, output } = await tryDocker([
        ...['build', '--network=host', '--progress=plain', '--secret', `id=npmrc,src=${npmrc}`],
        ...options,
        ...['--tag', images[target], project],
      ]);
      expect(code, output).toBe(0);
      log.push(output);
    };
    await build('runner', '--secret', `id=database_url,src=${secretFile}`);
    await build('deferred', '--target', 'deferred');
    writeFileSync(join(project, 'leaky'), `FROM ${images.deferred}\nCOPY .npmrc /app/\n`);
    await build('leaky', '--file', join(project, 'leaky'));
  });

  afterAll(() => {
    docker('image', 'rm', '--force', ...Object.values(images));
    rmSync(folder, { recursive: true });
  });

  const search = async (image: string, file: string) => {
    const command = runNode('.', [
      'sealcheck/src/cli.ts',
      'image',
      image,
      '--secret',
      `id=token,src=${file}`,
    ]);
    return { code: await command.ended, output: command.output() };
  };

  it.each(['runner', 'deferred'] as const)('has no token in any layer (%s)', async (target) => {
    for (const file of [tokenFile, userTokenFile]) {
      const { code, output } = await search(images[target], file);
      expect(code, output).toBe(0);
    }
  });

  it('would fail that check if it held one', async () => {
    const { code, output } = await search(images.leaky, tokenFile);
    expect(code, output).toBe(1);
    expect(notNeeded(filesOf(images.leaky))).toEqual(['.npmrc']);
  });

  it.each(['runner', 'deferred'] as const)('holds only what serving needs (%s)', (target) => {
    const files = filesOf(images[target]);
    expect(files.length).toBeGreaterThan(500);
    expect(notNeeded(files)).toEqual([]);
  });

  it('is built without a token in the log', () => {
    for (const token of [userToken, spawnSync('cat', [tokenFile]).stdout.toString()])
      for (const output of log) expect(output).not.toContain(token);
  });
});

function imageName(): string {
  return `sealed-test:${randomBytes(6).toString('hex')}`;
}

/** The files below /app, by their paths in it. */
function filesOf(image: string): string[] {
  return docker('run', '--rm', '--entrypoint', 'find', image, '/app', '-not', '-type', 'd')
    .trim()
    .split('\n')
    .map((path) => path.replace(/^\/app\//, ''));
}
