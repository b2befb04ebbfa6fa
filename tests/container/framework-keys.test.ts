import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runNode } from '../setup/command.ts';
import { type BuildKeys, buildKeys, cacheState, SHIPPED_IDS, spellings } from '../setup/framework-keys.ts';
import { type Container, docker, HARDENED, startContainer, tryDocker } from './engine.ts';

const built = inject('built');
const images: string[] = [];
const containers: Container[] = [];

afterAll(() => {
  for (const container of containers) container.remove();
  for (const image of images) docker('image', 'rm', '--force', image);
});

function imageName(): string {
  const name = `sealed-test:${randomBytes(6).toString('hex')}`;
  images.push(name);
  return name;
}

async function start(image: string, options: string[]): Promise<string> {
  const container = await startContainer(image, [...HARDENED, ...options]);
  containers.push(container);
  return container.url;
}

/** The keys of a build stage. Its files are in no image of the blog. */
function keysOfStage(stage: string): BuildKeys {
  return buildKeys((path) => docker('run', '--rm', '--entrypoint', 'cat', stage, `/app/.next/${path}`));
}

/** The files of an image below a folder that hold a key, in any text encoding. */
async function filesWithKey(image: string, folder: string, keys: BuildKeys): Promise<string[]> {
  const telling = keys.all.flatMap((key) => spellings(key).slice(1));
  const patterns = telling.flatMap((spelling) => ['-e', spelling]);
  const search = ['--user', 'root', '--entrypoint', 'grep', image, '-rlaF', ...patterns, folder];
  const { code, output } = await tryDocker(['run', '--rm', ...search]);
  if (code !== 0 && code !== 1) throw new Error(output);
  return output.split('\n').filter(Boolean).sort();
}

describe.skipIf(!built)('the image', () => {
  const { image = '', secretFile = '' } = built ?? {};
  let stage: string;
  let keys: BuildKeys;

  beforeAll(async () => {
    stage = imageName();
    const args = ['--tag', stage, '--secret', secretFile, '--', '--target', 'generate'];
    const build = runNode('.', ['src/commands/docker-build.ts', ...args]);
    if ((await build.ended) !== 0) throw new Error(build.output());
    keys = keysOfStage(stage);
  });

  it('holds none of the keys that Next.js created during the build', async () => {
    expect(await filesWithKey(image, '/app', keys)).toEqual([]);
    expect(await filesWithKey(stage, '/app/.next/server', keys)).toContain(
      '/app/.next/server/preview-props.json',
    );
  });

  it('serves with a read-only root, and serves the same page for any key from its files or its build', async () => {
    const site = await start(image, []);
    const etag = (await fetch(site)).headers.get('etag');
    for (const key of [keys.previewModeId, ...SHIPPED_IDS]) {
      expect(await cacheState(site, key)).toBeNull();
      const page = await fetch(site, { headers: { cookie: `__prerender_bypass=${key}` } });
      expect([page.status, page.headers.get('etag')]).toEqual([200, etag]);
    }
  });
});

describe.skipIf(!built)('the image without a database', () => {
  it('holds none of the keys either', async () => {
    const [stage, image] = [imageName(), imageName()];
    docker('build', '--quiet', '--target', 'compile', '--tag', stage, '.');
    docker('build', '--quiet', '--target', 'deferred', '--tag', image, '.');
    expect(await filesWithKey(image, '/app', keysOfStage(stage))).toEqual([]);
  });
});
